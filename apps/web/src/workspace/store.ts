import { create, type StoreApi, type UseBoundStore } from 'zustand';
import type { Run } from '../runs/run.ts';
import { modelNamed, parametersOf } from '../service/catalogue.ts';
import { type Problem, problemOf } from '../service/problems.ts';
import type { Task } from '../service/types.ts';
import { wavOf } from '../sound/analysis.ts';
import { decode, decodeUrl, fetchBytes, type Sound } from '../sound/sound.ts';
import { type Region, Transport } from '../sound/transport.ts';
import { type Recording, readDraft, readSource, type StoredSource, writeDraft, writeSource } from './drafts.ts';
import { type Kind, kindNames, kinds } from './kinds.ts';

export interface Source extends StoredSource {
  sound: Sound;
}

export interface WorkspaceState {
  /** Last part of the model's id. */
  model: string;
  /** What was set, by parameter; what is absent is at its default. */
  values: Record<string, unknown>;
  variations: number;
  source: Source | undefined;
  /** A recording that is being read. */
  reading: string | undefined;
  sourceProblem: Problem | undefined;
  /** What to keep, while the source is being trimmed. */
  trim: Region | undefined;
  runs: Run[];
}

/** One of the four workspaces: its draft, its source, its results, and what plays them. */
export interface Workspace {
  kind: Kind;
  use: UseBoundStore<StoreApi<WorkspaceState>>;
  transport: Transport;
  takesSource: boolean;
}

function open(kind: Kind): Workspace {
  const draft = readDraft(kind);
  const models = kinds[kind].models as readonly string[];
  const use = create<WorkspaceState>(() => ({
    model: models.includes(draft.model ?? '') ? draft.model! : models[0]!,
    values: draft.values ?? {},
    variations: draft.variations ?? 1,
    source: undefined,
    reading: undefined,
    sourceProblem: undefined,
    trim: undefined,
    runs: (draft.runs ?? []).map(({ taskId, sourceId }) => ({
      id: taskId,
      taskId,
      sourceId,
      phase: 'known',
      model: '',
      input: {},
    })),
  }));
  use.subscribe((state) => {
    const runs = state.runs.flatMap(({ taskId, sourceId }) => (taskId ? [{ taskId, sourceId }] : []));
    writeDraft(kind, { model: state.model, values: state.values, variations: state.variations, runs });
  });
  return { kind, use, transport: new Transport(), takesSource: kind !== 'generate' };
}

export const workspaces = Object.fromEntries(kindNames.map((kind) => [kind, open(kind)])) as Record<Kind, Workspace>;

/** Reads the recording that was there before a reload. */
export async function restoreSource({ kind, use }: Workspace): Promise<void> {
  const stored = await readSource(kind);
  if (stored && !use.getState().source && !use.getState().reading) await readInto(kind, stored);
}

/** Takes a file that was dropped, chosen or recorded as the source. */
export function takeFile(kind: Kind, blob: Blob, name: string): Promise<void> {
  return readInto(kind, { id: crypto.randomUUID(), name, blob });
}

async function readInto(kind: Kind, stored: StoredSource): Promise<void> {
  const { use, transport } = workspaces[kind];
  use.setState({ reading: stored.name, sourceProblem: undefined });
  try {
    const sound = await decode(stored.blob, stored.name);
    transport.pause();
    await setSource(kind, { ...stored, sound });
  } catch (error) {
    use.setState({ sourceProblem: { ...problemOf(error) } });
  } finally {
    use.setState({ reading: undefined });
  }
}

/** A longest source, where the model's schema names a longest duration. */
export function longestSource(kind: Kind): number | undefined {
  const { model } = workspaces[kind].use.getState();
  return parametersOf(modelNamed(model)).find(({ name }) => name === 'duration')?.maximum;
}

/** Keeps the source before it shows it: what is seen survives a reload. */
async function setSource(kind: Kind, source: Source | undefined): Promise<void> {
  const { sound: _, ...stored } = source ?? ({} as Source);
  await writeSource(kind, source ? (stored as StoredSource) : undefined);
  const longest = longestSource(kind) ?? Number.POSITIVE_INFINITY;
  const tooLong = source && source.sound.duration > longest + 0.01;
  workspaces[kind].use.setState({
    source,
    trim: tooLong ? { start: 0, end: longest } : undefined,
    sourceProblem: tooLong
      ? {
          title: `The recording is longer than ${longest} s`,
          advice: `Choose the part to work with on its waveform, ${longest} s at most, and keep it.`,
        }
      : undefined,
  });
}

export function clearSource(kind: Kind): Promise<void> {
  workspaces[kind].transport.pause();
  return setSource(kind, undefined);
}

/** Notes where the source was uploaded to, so that it need not be sent again. */
export function noteUpload(kind: Kind, id: string, url: string | undefined): void {
  const { source } = workspaces[kind].use.getState();
  if (source?.id !== id) return;
  const noted = { ...source, url };
  workspaces[kind].use.setState({ source: noted });
  const { sound: _, ...stored } = noted;
  void writeSource(kind, stored);
}

/** Keeps a part of the source. */
export async function cutSource(kind: Kind, { start, end }: Region): Promise<void> {
  const { source } = workspaces[kind].use.getState();
  if (!source) return;
  const blob = new Blob([await wavOf(source.sound.held, start, end)], { type: 'audio/wav' });
  const whole: Recording = source.whole ?? { id: source.id, name: source.name, blob: source.blob };
  const name = `${whole.name.replace(/\.[^.]*$/, '')} (cut).wav`;
  await readInto(kind, { id: crypto.randomUUID(), name, blob, whole });
}

/** Goes back to what the source was cut from. */
export async function uncutSource(kind: Kind): Promise<void> {
  const { whole } = workspaces[kind].use.getState().source ?? {};
  if (whole) await readInto(kind, whole);
}

/** Takes a file of the service, a result or an earlier source, as the source. */
export async function takeUrl(kind: Kind, url: string, name: string): Promise<void> {
  const { use } = workspaces[kind];
  use.setState({ reading: name, sourceProblem: undefined });
  try {
    const [bytes, sound] = await Promise.all([fetchBytes(url), decodeUrl(url)]);
    workspaces[kind].transport.pause();
    await setSource(kind, { id: url, name, blob: new Blob([bytes]), url, sound });
  } catch (error) {
    use.setState({ sourceProblem: problemOf(error) });
  } finally {
    use.setState({ reading: undefined });
  }
}

/** Sets a workspace up as it was for an earlier task, and shows its result. */
export async function reopen(kind: Kind, task: Task): Promise<void> {
  const { audio, prompt, output_format: _format, seed: _seed, ...rest } = task.input;
  const url = typeof audio === 'string' && /\/files\//.test(audio) ? audio : undefined;
  const { runs } = workspaces[kind].use.getState();
  const others = runs.filter(({ taskId }) => taskId !== task.id);
  workspaces[kind].use.setState({
    model: task.model.split('/').at(-1)!,
    values: { prompt, ...rest },
    runs: [
      { id: task.id, taskId: task.id, sourceId: url, phase: 'known', model: task.model, input: task.input },
      ...others,
    ],
  });
  if (url) await takeUrl(kind, url, 'Earlier source');
}

export function setValue(kind: Kind, name: string, value: unknown): void {
  const { use } = workspaces[kind];
  const { [name]: _, ...others } = use.getState().values;
  use.setState({ values: value === undefined ? others : { ...others, [name]: value } });
}
