import type { TaskResult } from '@retone/contract';
import { refreshBalance } from '../service/balance.ts';
import { ServiceError, service } from '../service/client.ts';
import { taskNews } from '../service/events.ts';
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
import { transport } from '../state/timeline.ts';
import { takesSource, type Verb } from '../state/verbs.ts';
import { endProgress, isOpen, setProgress } from './progress.ts';
import { uploaded } from './upload.ts';

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
}

/** Puts a run onto the bench, submits it, and follows it to its end. */
export async function start({ verb, model, input, source, number }: Request): Promise<void> {
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
    else if (run.createdAt < Date.now() - orphanAge) fail(run.id, notSent);
  }
}

/** Milliseconds after which a run that its tab has not sent is given up. */
const orphanAge = 60_000;
const notSent: Problem = { title: 'It was not sent', advice: 'Its tab was closed before. Try again.', again: true };

/** Submits a run, unless it was, and follows it; what may do better later is tried again until it does or is cancelled. */
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
        const taskId = run.taskId ?? (await submit(run, signal));
        if (signal.aborted) return;
        return await follow(id, taskId, signal);
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

/** Submits a run. A run that is cancelled meanwhile is cancelled at the service as soon as that has answered. */
async function submit(run: Run, signal: AbortSignal): Promise<string> {
  const task = await submitted(run, signal);
  if (signal.aborted) {
    await service.remove(task.id).catch(() => {});
    return task.id;
  }
  change('run', run.id, { taskId: task.id });
  setProgress(run.id, { phase: 'waiting' });
  return task.id;
}

async function submitted(run: Run, signal: AbortSignal): Promise<TaskResult> {
  for (let again = false; ; again = true) {
    let audio: string | undefined;
    const source = findSource(run.sourceId);
    if (takesSource(run.verb)) {
      if (!source) throw new ServiceError(404, 'unknown_file', 'this browser no longer has the recording');
      setProgress(run.id, { phase: 'uploading', sent: 0 });
      audio = await uploaded(source, { afresh: again, signal, onProgress: (sent) => setProgress(run.id, { sent }) });
    }
    setProgress(run.id, { phase: 'submitting' });
    signal.throwIfAborted();
    try {
      const input = audio ? { ...run.input, audio } : run.input;
      // Not with the signal: a request that is given up may have been received, and would then run to its end unseen.
      return await service.submit(run.model, input, again ? `${run.id}-again` : run.id);
    } catch (error) {
      // The upload has expired meanwhile.
      if (again || !(error instanceof ServiceError) || error.code !== 'unknown_upload') throw error;
    }
  }
}

async function follow(id: string, taskId: string, signal: AbortSignal): Promise<void> {
  const task = await service.task(taskId, signal);
  if (task.status === 'created' || task.status === 'processing') {
    setProgress(id, { phase: task.status === 'created' ? 'waiting' : 'processing' });
    for await (const news of taskNews(taskId, signal)) {
      setProgress(id, { news, phase: news.status === 'created' ? 'waiting' : 'processing' });
    }
  }
  finish(id, await service.task(taskId, signal));
  void refreshBalance();
}

function finish(id: string, task: TaskResult): void {
  if (task.status === 'failed') change('run', id, { task, failure: problemOfTask(task) });
  else if (task.status === 'cancelled') change('run', id, { removedAt: Date.now() });
  else change('run', id, { task });
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
  const { verb, model, number } = run;
  void start({ verb, model, input, source: findSource(run.sourceId), number });
}
