import type { TaskResult } from '@retone/contract';
import { refreshBalance } from '../service/balance.ts';
import { service } from '../service/client.ts';
import { problemOf, problemOfTask } from '../service/problems.ts';
import { newId } from '../shared/id.ts';
import type { Problem } from '../shared/problem.ts';
import {
  addRun,
  change,
  findRun,
  findSource,
  nextNumber,
  type Run,
  type Source,
  tabId,
  useBench,
} from '../state/bench.ts';
import { type Place, usePlace } from '../state/place.ts';
import { transport } from '../state/timeline.ts';
import { takesSource, type Verb } from '../state/verbs.ts';
import { atService } from './at-service.ts';
import { onDevice } from './on-device.ts';
import { endProgress, isOpen, setProgress } from './progress.ts';

/** Runs that this tab submits or watches. */
const watched = new Map<string, { abort: AbortController; hurry(): void }>();

interface Request {
  verb: Verb;
  /** The model's whole id. */
  model: string;
  input: Record<string, unknown>;
  source: Source | undefined;
  /** Its mark; the next one of its source if absent. */
  number?: number;
  /** Default: as it is chosen for all runs. */
  place?: Place | undefined;
}

/** Puts a run onto the bench, submits it, and follows it to its end. */
export async function start({
  verb,
  model,
  input,
  source,
  number,
  place = usePlace.getState().place,
}: Request): Promise<void> {
  const sourceId = takesSource(verb) ? source?.id : undefined;
  const run: Run = {
    id: newId(),
    sourceId,
    verb,
    model,
    input,
    createdAt: Date.now(),
    number: number ?? nextNumber(sourceId),
    owner: tabId,
    place,
  };
  setProgress(run.id, { phase: 'submitting' });
  void addRun(run);
  await proceed(run.id);
}

/** Goes on with the runs that have not ended: after a reload, and with those that another tab began. */
export function resumeAll(): void {
  for (const run of useBench.getState().runs) {
    if (run.removedAt !== undefined || !isOpen(run) || watched.has(run.id)) continue;
    if (run.taskId || run.owner === tabId) void proceed(run.id);
    else if (run.createdAt < Date.now() - orphanAge[run.place ?? 'service']) fail(run.id, notSent);
  }
}

/** Milliseconds after which a run that its tab has neither sent nor made is given up. */
const orphanAge: Record<Place, number> = { service: 60_000, device: 600_000 };
const notSent: Problem = { title: 'It was not made', advice: 'Its tab was closed before. Try again.', again: true };

const carryOut: Record<Place, typeof atService> = { service: atService, device: onDevice };

/** Has a run carried out, and follows it; what may do better later is tried again until it does or is cancelled. */
async function proceed(id: string): Promise<void> {
  if (watched.has(id)) return;
  const abort = new AbortController();
  const { signal } = abort;
  watched.set(id, { abort, hurry() {} });
  try {
    for (;;) {
      try {
        const run = findRun(id);
        if (!run) return;
        const task = await carryOut[run.place ?? 'service'](run, signal);
        if (task && !signal.aborted) finish(id, task);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const problem = problemOf(error);
        if (problem.retryAfter === undefined) return fail(id, problem);
        setProgress(id, { problem, retryAt: Date.now() + problem.retryAfter * 1000 });
        await patience(id, problem.retryAfter);
        if (signal.aborted) return;
        setProgress(id, { problem: undefined, retryAt: undefined });
      }
    }
  } finally {
    watched.delete(id);
    endProgress(id);
  }
}

function fail(id: string, failure: Problem): void {
  change('run', id, { failure });
}

function patience(id: string, seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const one = watched.get(id)!;
    const timer = setTimeout(resolve, seconds * 1000);
    one.hurry = () => {
      clearTimeout(timer);
      resolve();
    };
    one.abort.signal.addEventListener('abort', one.hurry, { once: true });
  });
}

/** Tries again now what waits for another try. */
export const hurry = (id: string) => watched.get(id)?.hurry();

function finish(id: string, task: TaskResult): void {
  if (task.status === 'failed') change('run', id, { task, failure: problemOfTask(task) });
  else if (task.status === 'cancelled') change('run', id, { removedAt: Date.now() });
  else change('run', id, { task, taskId: task.id });
  if (task.status === 'completed' && !transport.state.getState().playing) transport.hear(id);
}

/** Stops a run wherever it is. */
export async function cancel(run: Run): Promise<void> {
  watched.get(run.id)?.abort.abort();
  change('run', run.id, { removedAt: Date.now() });
  if (run.taskId && isOpen(run)) await service.remove(run.taskId).catch(() => {});
  void refreshBalance();
}

/** Does again what failed, in its place. */
export function retry(run: Run): void {
  change('run', run.id, { removedAt: Date.now() });
  const { audio: _, ...input } = run.input;
  const { verb, model, number, place } = run;
  void start({ verb, model, input, source: findSource(run.sourceId), number, place });
}
