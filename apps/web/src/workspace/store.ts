import { create, type StoreApi, type UseBoundStore } from 'zustand';
import { isOpen, type Run } from '../runs/run.ts';
import type { Problem } from '../service/problems.ts';
import type { Sound } from '../sound/sound.ts';
import { type Region, Transport } from '../sound/transport.ts';
import { readDraft, type StoredSource, writeDraft } from './drafts.ts';
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

/** The runs under the source in the order of their marks, 1, 2, ...: what was made from it, and what has not come out. */
export function shownRuns(kind: Kind, { runs, source }: Pick<WorkspaceState, 'runs' | 'source'>): Run[] {
  if (!workspaces[kind].takesSource) return runs;
  return runs.filter((run) => run.sourceId === source?.id || isOpen(run) || run.phase === 'failed');
}

export function setValue(kind: Kind, name: string, value: unknown): void {
  const { use } = workspaces[kind];
  const { [name]: _, ...others } = use.getState().values;
  use.setState({ values: value === undefined ? others : { ...others, [name]: value } });
}
