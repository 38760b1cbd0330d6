import type { TaskResult } from '@retone/contract';
import { refreshBalance } from '../service/balance.ts';
import { ServiceError, service } from '../service/client.ts';
import { taskNews } from '../service/events.ts';
import { change, findSource, type Run } from '../state/bench.ts';
import { takesSource } from '../state/verbs.ts';
import { setProgress } from './progress.ts';
import { uploaded } from './upload.ts';

/**
 * Has the service carry out a run: submits it, unless it was, and follows it.
 *
 * @returns its task when it has ended; undefined if the run was cancelled
 * @throws ServiceError
 */
export async function atService(run: Run, signal: AbortSignal): Promise<TaskResult | undefined> {
  const taskId = run.taskId ?? (await submit(run, signal));
  if (signal.aborted) return undefined;
  const task = await service.task(taskId, signal);
  if (task.status === 'created' || task.status === 'processing') {
    setProgress(run.id, { phase: task.status === 'created' ? 'waiting' : 'processing' });
    for await (const news of taskNews(taskId, signal)) {
      setProgress(run.id, { news, phase: news.status === 'created' ? 'waiting' : 'processing' });
    }
  }
  const ended = await service.task(taskId, signal);
  void refreshBalance();
  return ended;
}

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
