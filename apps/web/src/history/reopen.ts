import type { Task } from '../service/types.ts';
import { takeUrl } from '../source/source.ts';
import type { Kind } from '../workspace/kinds.ts';
import { workspaces } from '../workspace/store.ts';

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
