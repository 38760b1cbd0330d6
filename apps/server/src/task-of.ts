import type { Task } from '@retone/jobs';
import { ApiError } from './envelope.ts';
import type { Service } from './service.ts';

/** A task of an account. @throws ApiError unknown_task where the account has none of this id. */
export async function taskOf(service: Service, accountId: string, id: string): Promise<Task> {
  const task = await service.tasks.getOf(accountId, id);
  if (!task) throw new ApiError('unknown_task', `there is no task "${id.slice(0, 64)}"`);
  return task;
}
