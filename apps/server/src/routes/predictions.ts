import { taskSchema } from '@retone/contract';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { success } from '../envelope.ts';
import { answers } from '../openapi.ts';
import type { Service } from '../service.ts';
import { taskOf } from '../task-of.ts';

const tags = ['Tasks'];

const deletion = z.object({ ids: z.array(z.string().max(64)).max(1000) });
const params = z.object({ id: z.string() });

/** One task: what became of it, and its end. */
export const predictionRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  for (const [path, summary] of [
    ['/predictions/:id/result', 'A task and its result'],
    ['/predictions/:id', 'A task and its result, by its other path'],
  ] as const) {
    api.get(
      path,
      { schema: { tags, summary, params, response: answers(taskSchema, 404) } },
      async ({ account, params, publicUrl }) =>
        success(await service.result(await taskOf(service, account.id, params.id), { publicUrl })),
    );
  }
  api.post(
    '/predictions/delete',
    {
      schema: {
        tags,
        summary: 'Delete tasks and their files',
        description: 'What waits or runs is cancelled. Ids that are unknown are ignored.',
        body: deletion,
        response: answers(z.object({ deleted_count: z.int() })),
      },
    },
    async ({ account, body }) => success({ deleted_count: await service.lifecycle.remove(account.id, body.ids) }),
  );
  api.delete(
    '/predictions/:id',
    {
      schema: {
        tags,
        summary: 'Cancel a task, or delete it when it has ended',
        params,
        response: answers(z.object({ id: z.string(), status: z.literal('deleted') }), 404),
      },
    },
    async ({ account, params }) => {
      const task = await taskOf(service, account.id, params.id);
      const cancelled = await service.lifecycle.cancel(task.id);
      if (!cancelled) await service.lifecycle.remove(account.id, [task.id]);
      return success({ id: task.id, status: 'deleted' as const });
    },
  );
};
