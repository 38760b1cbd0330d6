import type { TaskResult } from '@retone/contract';
import { show, takeUrl, useIntake } from '../bench/intake.ts';
import { resultIdOf } from '../device/results.ts';
import { reuse, settingsOf } from '../results/settings.ts';
import { filePath } from '../service/client.ts';
import { addRun, change, isShown, nextNumber, type Run, tabId, useBench } from '../state/bench.ts';
import { go } from '../state/router.ts';
import { takesSource, verbOf } from '../state/verbs.ts';

/** A task as a result of the bench. */
export function runOfTask(task: TaskResult, sourceId?: string): Run {
  const known = useBench.getState().runs.find(({ taskId }) => taskId === task.id);
  if (known) return known;
  return {
    id: task.id,
    sourceId,
    verb: verbOf(task.model),
    model: task.model,
    input: task.input,
    createdAt: Date.parse(task.created_at),
    number: nextNumber(sourceId),
    owner: tabId,
    place: task.outputs.some(resultIdOf) ? 'device' : 'service',
    taskId: task.id,
    task,
  };
}

/**
 * Puts an earlier task onto the bench with its recording, and its settings into the form. What is there stays.
 *
 * @returns the run, or undefined where its recording is not kept
 */
export async function reopen(task: TaskResult): Promise<Run | undefined> {
  const verb = verbOf(task.model);
  go(verb);
  const known = useBench.getState().runs.find((run) => run.taskId === task.id);
  const { audio } = task.input;
  let sourceId = known?.sourceId;
  if (takesSource(verb) && !sourceId) {
    const isKept = typeof audio === 'string' && filePath(audio);
    sourceId = isKept ? await takeUrl(audio as string, 'Earlier recording') : undefined;
    if (!sourceId) {
      const run = runOfTask(task);
      reuse(run, withoutSeed(run), true);
      useIntake.setState({ problem: notKept });
      return undefined;
    }
  }
  if (sourceId) {
    change('source', sourceId, { removedAt: undefined });
    show(sourceId);
  }
  const run = known ?? runOfTask(task, sourceId);
  if (!known) await addRun(run);
  else if (!isShown(known)) change('run', known.id, { removedAt: undefined });
  reuse(run, withoutSeed(run), true);
  return run;
}

/** What a run was made with, except its seed: running it again is to give another result. */
const withoutSeed = (run: Run) => settingsOf(run).filter(({ values }) => !('seed' in values));

const notKept = {
  title: 'The recording is not kept here',
  advice: 'It came from elsewhere. Choose it again to work on it.',
};
