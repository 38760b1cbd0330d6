import type { TaskFilter } from '@retone/jobs';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ApiError, invalidParameters, success } from '../envelope.ts';
import type { Service } from '../service.ts';

const history = z.strictObject({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  page_size: z.coerce.number().int().min(1).max(100).default(100),
  model: z.string().optional(),
  status: z.enum(['created', 'processing', 'completed', 'failed', 'cancelled']).optional(),
  created_after: z.iso.datetime({ offset: true }).optional(),
  created_before: z.iso.datetime({ offset: true }).optional(),
});
const deletion = z.strictObject({ ids: z.array(z.string().max(64)).max(1000) });

/** How often a waiting client is sent something, in milliseconds, so that nothing between takes the connection for dead. */
const keepAlive = 15_000;

/** Tasks that were submitted: one, all, their events, and their end. */
export async function predictionRoutes(api: FastifyInstance, { service }: { service: Service }): Promise<void> {
  const find = async (accountId: string, id: string) => {
    const task = await service.tasks.getOf(accountId, id);
    if (!task) throw new ApiError(404, 'unknown_task', `there is no task "${id.slice(0, 64)}"`);
    return task;
  };
  const page = async (accountId: string, query: unknown) => {
    const { page, page_size: pageSize, model, status, created_after, created_before } = parsed(history, query);
    const filter: TaskFilter = {
      page,
      pageSize,
      model,
      status,
      createdAfter: created_after ? new Date(created_after) : undefined,
      createdBefore: created_before ? new Date(created_before) : undefined,
    };
    const { total, tasks } = await service.tasks.list(accountId, filter);
    return success({
      page,
      total,
      items: await Promise.all(tasks.map((task) => service.result(task, { inline: false }))),
    });
  };

  for (const path of ['/predictions/:id', '/predictions/:id/result']) {
    api.get<{ Params: { id: string } }>(path, async ({ account, params }) =>
      success(await service.result(await find(account.id, params.id))),
    );
  }
  api.get('/predictions', async ({ account, query }) => page(account.id, query));
  api.post('/predictions', async ({ account, body }) => page(account.id, body ?? {}));

  api.post('/predictions/delete', async ({ account, body }) => {
    const { ids } = parsed(deletion, body);
    return success({ deleted_count: await service.lifecycle.remove(account.id, ids) });
  });
  api.delete<{ Params: { id: string } }>('/predictions/:id', async ({ account, params }) => {
    const task = await find(account.id, params.id);
    const cancelled = await service.lifecycle.cancel(task.id);
    if (!cancelled) await service.lifecycle.remove(account.id, [task.id]);
    return success({ id: task.id, status: 'deleted' });
  });

  api.get<{ Params: { id: string } }>('/predictions/:id/events', async (request, reply) => {
    const { id } = await find(request.account.id, request.params.id);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    let last = '';
    for await (const event of service.watch(id, request.signal, keepAlive)) {
      const data = JSON.stringify(event);
      // A comment keeps the connection alive where there is no news.
      raw.write(data === last ? ':\n\n' : `event: task\ndata: ${data}\n\n`);
      last = data;
    }
    raw.end();
  });
}

/** Checks parameters by a schema that is not a model's. */
function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  throw invalidParameters(
    result.error.issues.map((issue) => {
      const parameter = issue.path.join('.') || ('keys' in issue ? (issue.keys as string[]).join(', ') : 'the body');
      const given = issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], value);
      return { parameter, given: issue.path.length ? given : undefined, accepted: issue.message };
    }),
  );
}
