import { taskStatuses } from '@retone/contract';
import { parse, UsageError } from '../arguments.ts';
import type { Administration } from './context.ts';
import { taskFlags } from './flags.ts';

/** `retone tasks list | show | cancel | requeue` */
export async function tasks({ service, print }: Administration, args: string[]): Promise<void> {
  const { values, positionals } = parse(args, taskFlags);
  const [verb, ...ids] = positionals;
  if (verb === 'list') {
    const status = taskStatuses.find((each) => each === values.status);
    if (values.status !== undefined && !status)
      throw new UsageError(`--status must be one of ${taskStatuses.join(', ')}`);
    const listed = await service.tasks.latest({ accountId: values.account, status, limit: values.limit ?? 20 });
    for (const { id, status, model, accountId, createdAt, attempts, errorCode } of listed) {
      const name = model.split('/').at(-1);
      print(
        [id, status, name, accountId, createdAt.toISOString(), `${attempts} tries`, errorCode].join('  ').trimEnd(),
      );
    }
    return;
  }
  if (ids.length === 0 || !['show', 'cancel', 'requeue'].includes(verb ?? '')) {
    throw new UsageError('tasks takes list, or show, cancel or requeue with the ids of tasks');
  }
  for (const id of ids) {
    const task = await service.tasks.get(id);
    if (!task) throw new UsageError(`there is no task "${id}"`);
    if (verb === 'show') print(JSON.stringify(task, undefined, 2));
    else if (verb === 'cancel') print(`${id} ${(await service.lifecycle.cancel(id)) ? 'is cancelled' : 'had ended'}`);
    else print(`${id} ${(await service.lifecycle.requeue(id)) ? 'is queued' : 'has ended, or is queued already'}`);
  }
}
