import type { TaskResult } from '@retone/contract';
import { refreshBalance } from '../service/balance.ts';
import { modelNamed } from '../service/catalogue.ts';
import { ServiceError, service } from '../service/client.ts';
import { taskNews } from '../service/events.ts';
import { problemOf, problemOfTask } from '../service/problems.ts';
import { newId } from '../shared/id.ts';
import { decodeUrl } from '../sound/sound.ts';
import { noteUpload } from '../source/source.ts';
import type { Kind } from '../workspace/kinds.ts';
import { type Source, workspaces } from '../workspace/store.ts';
import { isOpen, type Run } from './run.ts';

const going = new Map<string, { abort: AbortController; hurry(): void }>();

/**
 * Submits `input` with the workspace's source, and follows it to its end.
 *
 * @param modelId the workspace's own if not given
 */
export async function start(kind: Kind, input: Record<string, unknown>, modelId?: string): Promise<void> {
  const { source, model, runs } = workspaces[kind].use.getState();
  const run: Run = {
    id: newId(),
    sourceId: workspaces[kind].takesSource ? source?.id : undefined,
    phase: 'submitting',
    model: modelId ?? modelNamed(model).model_id,
    input,
  };
  workspaces[kind].use.setState({ runs: [...runs, run] });
  await proceed(kind, run.id, async (signal) => {
    const task = await submitted(kind, run, source, signal);
    update(kind, run.id, { taskId: task.id, phase: 'waiting', task });
    void refreshBalance();
    await follow(kind, run.id, task.id, signal);
  });
}

/** Goes on with a run that was there before a reload. */
export function resume(kind: Kind, run: Run): Promise<void> {
  return proceed(kind, run.id, (signal) => follow(kind, run.id, run.taskId!, signal));
}

async function proceed(kind: Kind, id: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (going.has(id)) return;
  const abort = new AbortController();
  going.set(id, { abort, hurry() {} });
  try {
    // A service that is gone, or asks for patience, is tried again until it answers or the musician has enough.
    for (;;) {
      try {
        return await work(abort.signal);
      } catch (error) {
        if (abort.signal.aborted) return;
        const problem = problemOf(error);
        if (error instanceof ServiceError && error.status === 404) return removeRun(kind, id);
        if (problem.retryAfter === undefined) return update(kind, id, { phase: 'failed', problem });
        update(kind, id, { problem, retryAt: Date.now() + problem.retryAfter * 1000 });
        await patience(id, problem.retryAfter);
        if (abort.signal.aborted) return;
        update(kind, id, { problem: undefined, retryAt: undefined });
      }
    }
  } finally {
    going.delete(id);
  }
}

function patience(id: string, seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const one = going.get(id)!;
    const timer = setTimeout(resolve, seconds * 1000);
    one.hurry = () => {
      clearTimeout(timer);
      resolve();
    };
    one.abort.signal.addEventListener('abort', one.hurry, { once: true });
  });
}

/** Tries again now what waits for another try. */
export const hurry = (id: string) => going.get(id)?.hurry();

const uploads = new Map<string, Promise<string>>();

async function submitted(kind: Kind, run: Run, source: Source | undefined, signal: AbortSignal): Promise<TaskResult> {
  for (let again = false; ; again = true) {
    let audio: string | undefined;
    if (workspaces[kind].takesSource && source) {
      update(kind, run.id, { phase: 'uploading' });
      audio = await uploaded(kind, source, again);
    }
    update(kind, run.id, { phase: 'submitting' });
    try {
      const input = audio ? { audio, ...run.input } : run.input;
      return await service.submit(run.model, input, again ? `${run.id}-again` : run.id, signal);
    } catch (error) {
      // The upload has expired meanwhile.
      if (again || !(error instanceof ServiceError) || error.code !== 'unknown_upload') throw error;
    }
  }
}

/** Where the source is on the service. Variations share one upload. */
function uploaded(kind: Kind, source: Source, afresh: boolean): Promise<string> {
  const known = afresh ? undefined : (uploads.get(source.id) ?? (source.url && Promise.resolve(source.url)));
  if (known) return known;
  const upload = service.upload(source.blob, source.name).then(({ download_url: url }) => {
    noteUpload(kind, source.id, url);
    return url;
  });
  uploads.set(source.id, upload);
  upload.catch(() => uploads.delete(source.id));
  return upload;
}

async function follow(kind: Kind, id: string, taskId: string, signal: AbortSignal): Promise<void> {
  const task = await service.task(taskId, signal);
  update(kind, id, { task, model: task.model, input: task.input });
  if (task.status === 'created' || task.status === 'processing') {
    update(kind, id, { phase: task.status === 'created' ? 'waiting' : 'processing' });
    for await (const news of taskNews(taskId, signal)) {
      update(kind, id, { news, phase: news.status === 'created' ? 'waiting' : 'processing' });
    }
  }
  await finish(kind, id, await service.task(taskId, signal));
  void refreshBalance();
}

async function finish(kind: Kind, id: string, task: TaskResult): Promise<void> {
  if (task.status === 'failed') return update(kind, id, { phase: 'failed', task, problem: problemOfTask(task) });
  if (task.status === 'cancelled') return removeRun(kind, id);
  const sound = await decodeUrl(task.outputs[0]!);
  update(kind, id, { phase: 'completed', task, sound });
  const { transport } = workspaces[kind];
  if (!transport.state.getState().playing) transport.hear(id);
}

/** Stops a run wherever it is. */
export async function cancel(kind: Kind, id: string): Promise<void> {
  const run = find(kind, id);
  going.get(id)?.abort.abort();
  if (run?.taskId && isOpen(run)) await service.remove(run.taskId).catch(() => {});
  removeRun(kind, id);
  void refreshBalance();
}

/** Takes a run off the table; its task stays in the history. */
export function removeRun(kind: Kind, id: string): void {
  const { use } = workspaces[kind];
  use.setState({ runs: use.getState().runs.filter((run) => run.id !== id) });
}

function find(kind: Kind, id: string): Run | undefined {
  return workspaces[kind].use.getState().runs.find((run) => run.id === id);
}

function update(kind: Kind, id: string, change: Partial<Run>): void {
  const { use } = workspaces[kind];
  use.setState({ runs: use.getState().runs.map((run) => (run.id === id ? { ...run, ...change } : run)) });
}
