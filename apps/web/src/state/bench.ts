import type { TaskResult } from '@retone/contract';
import { create } from 'zustand';
import { erase, patch, read, readAll, write } from '../shared/database.ts';
import type { Problem } from '../shared/problem.ts';
import type { Region } from '../sound/transport.ts';
import type { Place } from './place.ts';
import type { Verb } from './verbs.ts';

// The bench: recordings, each with what was made from it. All tabs of a browser share it: every change is one record's, is
// written by itself, and is announced to the other tabs.

/** A recording on the bench. */
export interface Source {
  id: string;
  name: string;
  addedAt: number;
  /** Where the service has it, once it was uploaded or if it is a result. */
  url?: string | undefined;
  /** The run whose result it is. */
  parent?: string | undefined;
  /** The recording that it was cut from. */
  cutFrom?: string | undefined;
  /** What Inpaint regenerates of it, in its seconds. */
  regions?: Region[] | undefined;
  /** Length of a transform in seconds, where it is not the recording's own. */
  length?: number | undefined;
  removedAt?: number | undefined;
}

/** A request for sound, from the press of the button to the result. */
export interface Run {
  id: string;
  /** The recording that it was made from; absent for what was generated. */
  sourceId?: string | undefined;
  verb: Verb;
  model: string;
  input: Record<string, unknown>;
  createdAt: number;
  /** Its mark among the results of its source; it stays when others are removed. */
  number: number;
  /** The tab that submits it. */
  owner: string;
  /** Where it is made; absent: by the service. */
  place?: Place | undefined;
  taskId?: string | undefined;
  /** The task, once it has ended. */
  task?: TaskResult | undefined;
  /** Why there is no result. */
  failure?: Problem | undefined;
  name?: string | undefined;
  favourite?: boolean | undefined;
  removedAt?: number | undefined;
}

type Records = { source: Source; run: Run };
interface Bench {
  /** Whether what was kept has been read. */
  ready: boolean;
  sources: Source[];
  runs: Run[];
  /** The recording that this tab works on. */
  selected: string | undefined;
}

const selectedPlace = 'retone.selected';
/** Milliseconds for which removed records are kept for undo. */
const undoTime = 24 * 3600 * 1000;

export const useBench = create<Bench>(() => ({
  ready: false,
  sources: [],
  runs: [],
  selected: sessionStorage.getItem(selectedPlace) ?? undefined,
}));

/** This tab, also after a reload. */
export const tabId = (() => {
  const known = sessionStorage.getItem('retone.tab');
  const id = known ?? Math.random().toString(36).slice(2);
  sessionStorage.setItem('retone.tab', id);
  return id;
})();

const channel = new BroadcastChannel('retone.bench');
type News = { [Kind in keyof Records]: { kind: Kind; id: string; change: Partial<Records[Kind]> } }[keyof Records];
channel.onmessage = ({ data }: MessageEvent<News>) => apply(data);

const listOf = { source: 'sources', run: 'runs' } as const;

function apply({ kind, id, change }: News): void {
  const list = useBench.getState()[listOf[kind]] as { id: string }[];
  const known = list.some((record) => record.id === id);
  // A change of a record that this tab does not know is only its part.
  if (!known && !('id' in change)) return;
  const next = known
    ? list.map((record) => (record.id === id ? { ...record, ...change } : record))
    : [...list, change as { id: string }];
  useBench.setState({ [listOf[kind]]: next });
}

/** Adds a record, here, in the other tabs and for the next visit. */
function put<Kind extends keyof Records>(kind: Kind, record: Records[Kind]): Promise<void> {
  const news = { kind, id: record.id, change: record } as News;
  apply(news);
  channel.postMessage(news);
  return write(kind, record.id, record);
}

/** Changes fields of a record, here, in the other tabs and for the next visit. */
export function change<Kind extends keyof Records>(kind: Kind, id: string, fields: Partial<Records[Kind]>): void {
  const news = { kind, id, change: fields } as News;
  apply(news);
  channel.postMessage(news);
  void patch(kind, id, fields);
}

export const addRun = (run: Run) => put('run', run);

/** Adds a recording with its bytes. It is kept before it is shown: what is seen survives a reload. */
export async function addSource(source: Source, blob: Blob): Promise<void> {
  await write('blob', source.id, blob);
  // Without IndexedDB it is at least there until the page closes.
  blobs.set(source.id, blob);
  await put('source', source);
}

/** Recordings of this visit; without IndexedDB there is no other place. */
const blobs = new Map<string, Blob>();

/** The bytes of a recording. */
export async function blobOf(id: string): Promise<Blob | undefined> {
  return blobs.get(id) ?? (await read<Blob>('blob', id));
}

export function select(id: string | undefined): void {
  if (id === undefined) sessionStorage.removeItem(selectedPlace);
  else sessionStorage.setItem(selectedPlace, id);
  useBench.setState({ selected: id });
}

/** Reads what was kept; what was removed long ago is erased. */
export async function openBench(): Promise<void> {
  const [sources, runs] = await Promise.all([readAll<Source>('source'), readAll<Run>('run')]);
  const old = ({ removedAt }: { removedAt?: number | undefined }) =>
    removedAt !== undefined && removedAt < Date.now() - undoTime;
  for (const { id } of sources.filter(old))
    for (const kind of ['source', 'blob', 'facts'] as const) void erase(kind, id);
  for (const { id } of runs.filter(old)) for (const kind of ['run', 'facts'] as const) void erase(kind, id);
  const state = useBench.getState();
  // What this tab has added since it was opened stays.
  const merged = <Item extends { id: string; removedAt?: number | undefined }>(kept: Item[], here: Item[]) => [
    ...kept.filter((each) => !old(each) && !here.some(({ id }) => id === each.id)),
    ...here,
  ];
  const all = merged(sources, state.sources).toSorted((a, b) => a.addedAt - b.addedAt);
  const shown = all.filter(isShown);
  const known = shown.some(({ id }) => id === state.selected);
  useBench.setState({ ready: true, sources: all, runs: merged(runs, state.runs) });
  if (!known) select(shown.at(-1)?.id);
}

export const isShown = ({ removedAt }: { removedAt?: number | undefined }): boolean => removedAt === undefined;

/** The recordings on the bench, oldest first. */
export const shownSources = (sources: Source[]): Source[] => sources.filter(isShown);

/** What was made from a recording, or without one, newest first. */
export function runsOf(runs: Run[], sourceId: string | undefined): Run[] {
  return runs
    .filter((run) => isShown(run) && run.sourceId === sourceId)
    .toSorted((a, b) => b.createdAt - a.createdAt || b.number - a.number);
}

export const findRun = (id: string): Run | undefined => useBench.getState().runs.find((run) => run.id === id);
export const findSource = (id: string | undefined): Source | undefined =>
  useBench.getState().sources.find((source) => source.id === id);

/** The number of a source's next result. */
export function nextNumber(sourceId: string | undefined): number {
  const { runs } = useBench.getState();
  return 1 + Math.max(0, ...runs.filter((run) => run.sourceId === sourceId).map(({ number }) => number));
}
