import { create } from 'zustand';
import { problemOf } from '../service/problems.ts';
import { newId } from '../shared/id.ts';
import type { Problem } from '../shared/problem.ts';
import { decodeFile, fetchBytes } from '../sound/decode.ts';
import { bufferOf, factsOf, shareSound } from '../sound/sounds.ts';
import type { Region } from '../sound/transport.ts';
import { type BitDepth, wavFile } from '../sound/wav.ts';
import {
  addSource,
  blobOf,
  change,
  findSource,
  isShown,
  type Run,
  type Source,
  select,
  useBench,
} from '../state/bench.ts';
import { useTimeline } from '../state/timeline.ts';
import { did } from '../state/undo.ts';
import { loadSource, soundOf } from './load.ts';
import { titleOf } from './titles.ts';

// How recordings come onto the bench: files, the microphone, examples, results, and parts of other recordings.

interface Reading {
  id: string;
  name: string;
}

interface Intake {
  reading: Reading[];
  problem: Problem | undefined;
  /** Whether the ways to add a recording are shown. */
  adding: boolean;
}

/** Recordings that are being read, and the last one that could not be. */
export const useIntake = create<Intake>(() => ({
  reading: [],
  problem: undefined,
  adding: false,
}));

export interface NamedBlob {
  name: string;
  blob: Blob;
}

/** Takes files that were dropped, chosen or recorded; the first of them is selected. */
export async function takeFiles(files: NamedBlob[]): Promise<void> {
  useIntake.setState({ problem: undefined, adding: false });
  let isFirst = true;
  for (const { name, blob } of files) {
    const added = await take({ id: newId(), name, addedAt: Date.now() }, blob, isFirst);
    if (added) isFirst = false;
  }
}

/** Stops waiting for a recording that is being read. */
export function stopReading(id: string): void {
  useIntake.setState(({ reading }) => ({ reading: reading.filter((each) => each.id !== id) }));
}

const isWanted = (id: string) => useIntake.getState().reading.some((each) => each.id === id);

/** Reads a recording and puts it onto the bench, unless it is no sound or nobody waits for it any more. */
async function take(source: Source, blob: Blob, selected = true): Promise<boolean> {
  const { id, name } = source;
  useIntake.setState(({ reading }) => ({ reading: [...reading, { id, name }] }));
  try {
    await factsOf(id, () => decodeFile(blob, name));
    if (!isWanted(id)) return false;
    await addSource(source, blob);
    if (selected) show(id);
    return true;
  } catch (error) {
    if (isWanted(id)) useIntake.setState({ problem: named(problemOf(error), name) });
    return false;
  } finally {
    stopReading(id);
  }
}

const named = (problem: Problem, name: string): Problem => ({ ...problem, title: `${name}: ${problem.title}` });

/** Selects a recording; what belongs to the one before is put aside. */
export function show(id: string | undefined): void {
  useTimeline.setState({ trim: undefined, zoom: 1, scroll: 0 });
  select(id);
}

/** Takes a recording off the bench; it can be undone. */
export function removeSource(source: Source): void {
  const { sources } = useBench.getState();
  const others = sources.filter((each) => isShown(each) && each.id !== source.id);
  change('source', source.id, { removedAt: Date.now() });
  show(others.at(-1)?.id);
  did(`Removed ${source.name}`, () => {
    change('source', source.id, { removedAt: undefined });
    show(source.id);
  });
}

/** Makes a result a recording of its own, which keeps its parent, and selects it. */
export async function takeResult(run: Run): Promise<void> {
  const { sources } = useBench.getState();
  const known = sources.find((source) => source.parent === run.id && isShown(source));
  if (known) return show(known.id);
  const url = run.task!.outputs[0]!;
  const before = useBench.getState().selected;
  const id = newId();
  try {
    const blob = new Blob([await fetchBytes(url)], { type: 'audio/flac' });
    shareSound(soundOf(url), id);
    await addSource({ id, name: titleOf(run), addedAt: Date.now(), url, parent: run.id }, blob);
    show(id);
    did(`Put ${titleOf(run)} onto the bench`, () => {
      change('source', id, { removedAt: Date.now() });
      show(before);
    });
  } catch (error) {
    useIntake.setState({ problem: problemOf(error) });
  }
}

/** Takes a file of the service, the recording of an earlier task. @returns its id on the bench */
export async function takeUrl(url: string, name: string): Promise<string | undefined> {
  const known = useBench.getState().sources.find((source) => source.url === url && isShown(source));
  if (known) {
    show(known.id);
    return known.id;
  }
  const id = newId();
  try {
    const added = await take({ id, name, addedAt: Date.now(), url }, new Blob([await fetchBytes(url)]));
    return added ? id : undefined;
  } catch (error) {
    useIntake.setState({ problem: problemOf(error) });
    return undefined;
  }
}

/** Keeps a part of a recording as a recording of its own. */
export async function cutSource(source: Source, { start, end }: Region): Promise<void> {
  const buffer = await bufferOf(source.id, loadSource(source));
  const [from, to] = [start, end].map((time) => Math.round(time * buffer.sampleRate)) as [number, number];
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, c) =>
    buffer.getChannelData(c).subarray(from, to),
  );
  const whole = await blobOf(source.id);
  const blob = new Blob([wavFile(channels, buffer.sampleRate, depthOf(whole, source.name))], { type: 'audio/wav' });
  const name = `${source.name.replace(/\.[^.]*$/, '')} (cut).wav`;
  const id = newId();
  if (!(await take({ id, name, addedAt: Date.now(), cutFrom: source.id }, blob))) return;
  did(`Trimmed ${source.name}`, () => {
    change('source', id, { removedAt: Date.now() });
    show(source.id);
  });
}

/** A part of a lossy file needs no more bits than that; all others keep theirs. */
function depthOf(whole: Blob | undefined, name: string): BitDepth {
  const isLossy = /mpeg|mp4|ogg|opus|webm|aac/.test(whole?.type ?? '') || /\.(mp3|m4a|aac|ogg|opus|webm)$/i.test(name);
  return isLossy ? 16 : 32;
}

/** The recording that a trimmed one was cut from, if it is still on the bench. */
export function wholeOf(source: Source): Source | undefined {
  const whole = findSource(source.cutFrom);
  return whole && isShown(whole) ? whole : undefined;
}
