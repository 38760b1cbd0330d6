import { writeFile } from 'node:fs/promises';
import type { CallToolResult, ServerContext } from '@modelcontextprotocol/server';
import { type Input, type ModelName, type Task, TaskError, type TaskEvent } from '@retone/client';
import { linkOf } from './resources.ts';
import type { Toolbox } from './toolbox.ts';

const stages: Record<string, string> = {
  text: 'reading the prompt',
  encode: 'analysing the recording',
  sample: 'inference step',
  decode: 'rendering',
};

/** Runs a task with progress notifications, and answers with a link to the result; cancelling the call cancels the task. */
export async function runTask<Name extends ModelName>(
  { client }: Toolbox,
  model: Name,
  input: Input<Name>,
  saveTo: string | undefined,
  { mcpReq }: Pick<ServerContext, 'mcpReq'>,
): Promise<CallToolResult> {
  const token = mcpReq._meta?.progressToken;
  const { signal } = mcpReq;
  let furthest = -1;
  const onEvent = (event: TaskEvent) => {
    const progress = event.status === 'completed' ? 1 : (event.progress?.fraction ?? 0);
    // The protocol wants numbers that grow.
    if (token === undefined || progress <= furthest) return;
    furthest = progress;
    const params = { progressToken: token, progress, total: 1, message: messageOf(event) };
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
  };
  let task: Task;
  try {
    task = await client.run(model, input, { signal, onEvent });
  } catch (error) {
    if (error instanceof TaskError) throw new Error(`task ${error.task.id}: ${error.message}`);
    throw error;
  }
  if (saveTo !== undefined) {
    const response = await client.download(task.outputs[0]!, { signal });
    await writeFile(saveTo, new Uint8Array(await response.arrayBuffer()), { flag: 'wx' });
  }
  return { content: [{ type: 'text', text: JSON.stringify(summary(task, saveTo)) }, linkOf(task)] };
}

function messageOf({ status, progress, tasks_ahead: ahead }: TaskEvent): string {
  if (status === 'created') return ahead ? `${ahead} tasks ahead` : 'waiting';
  if (!progress) return status;
  const { stage, step, steps } = progress;
  return step === undefined ? stages[stage]! : `${stages[stage]} ${step} of ${steps}`;
}

/** Facts of a result that a model needs to continue from it. */
function summary({ id, seed, outputs, warnings, timings }: Task, savedTo?: string) {
  return {
    task: `retone://tasks/${id}`,
    url: outputs[0],
    seed,
    inference_ms: timings.inference,
    ...(savedTo === undefined ? {} : { saved_to: savedTo }),
    ...(warnings ? { warnings } : {}),
  };
}
