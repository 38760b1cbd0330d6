import type { TaskResult } from '@retone/contract';
import { clearSource, takeUrl } from '../source/source.ts';
import type { Kind } from '../workspace/kinds.ts';
import { workspaces } from '../workspace/store.ts';

/**
 * Sets a workspace up as it was for an earlier task, and shows its result.
 *
 * @returns whether its recording is there again, where it had one
 */
export async function reopen(kind: Kind, task: TaskResult): Promise<boolean> {
  const { audio, prompt, output_format: _format, seed: _seed, ...rest } = task.input;
  const { takesSource, use } = workspaces[kind];
  if (takesSource) {
    await clearSource(kind);
    if (typeof audio === 'string' && /\/files\//.test(audio)) await takeUrl(kind, audio, 'Earlier source');
    else use.setState({ sourceProblem: notKept });
  }
  const { runs, source } = use.getState();
  const others = runs.filter(({ taskId }) => taskId !== task.id);
  use.setState({
    model: task.model.split('/').at(-1)!,
    values: { prompt, ...rest },
    runs: [
      { id: task.id, taskId: task.id, sourceId: source?.id, phase: 'known', model: task.model, input: task.input },
      ...others,
    ],
  });
  return !takesSource || source !== undefined;
}

const notKept = {
  title: 'The recording is not kept here',
  advice: 'It came from elsewhere. Choose it again to go on with it.',
};
