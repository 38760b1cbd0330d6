import type { TaskFilter } from '@retone/jobs';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ApiError, invalidParameters, success } from '../envelope.ts';
import type { Service } from '../service.ts';

/** A number of a JSON body, or the digits of one in a query. */
const whole = (min: number, max: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
    z.int().min(min).max(max),
  );
/** ISO 8601; without an offset it is UTC, and a day is its beginning. */
const moment = z.iso
  .datetime({ offset: true, local: true })
  .or(z.iso.date())
  .transform((text) => new Date(/T.*(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`));

const history = z.strictObject({
  page: whole(1, 1_000_000).default(1),
  page_size: whole(1, 100).default(100),
  model: z.string().optional(),
  status: z.enum(['created', 'processing', 'completed', 'failed', 'cancelled']).optional(),
  created_after: moment.optional(),
  created_before: moment.optional(),
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
      createdAfter: created_after,
      createdBefore: created_before,
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

  // Without HEAD, which would wait for the task's end to say nothing.
  api.get<{ Params: { id: string } }>('/predictions/:id/events', { exposeHeadRoute: false }, async (request, reply) => {
    const { id } = await find(request.account.id, request.params.id);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    let last = '';
    try {
      for await (const event of service.watch(id, request.signal, keepAlive)) {
        const data = JSON.stringify(event);
        // A comment keeps the connection alive where there is no news.
        raw.write(data === last ? ':\n\n' : `event: task\ndata: ${data}\n\n`);
        last = data;
      }
    } finally {
      raw.end();
    }
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
