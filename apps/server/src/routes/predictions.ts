import { Readable } from 'node:stream';
import { isEnded, taskEventSchema, taskSchema, taskStatuses } from '@retone/contract';
import { type HistoryPlace, mostCounted, previewKey, type TaskFilter } from '@retone/jobs';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { disconnection } from '../disconnection.ts';
import { ApiError, success } from '../envelope.ts';
import { moment } from '../moments.ts';
import { answers } from '../openapi.ts';
import type { Service } from '../service.ts';

const tags = ['Tasks'];

/** A number of a JSON body, or the digits of one in a query. */
const whole = (min: number, max: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
    z.int().min(min).max(max),
  );
/** A boolean of a JSON body, or the word in a query. */
const flag = z.preprocess((value) => ({ true: true, false: false })[String(value)] ?? value, z.boolean());

/** A place in a history, as clients carry it from one page to the next. */
const cursor = z
  .string()
  .max(300)
  .transform((text, context): HistoryPlace => {
    const [createdAt, id, ...more] = Buffer.from(text, 'base64url').toString().split('|');
    const isPlace = /^\d{4,6}-\d\d-\d\d [\d:.]+[+-][\d:]+$/.test(createdAt!) && /^[0-9a-f]{32}$/.test(id ?? '');
    if (isPlace && more.length === 0) return { createdAt: createdAt!, id: id! };
    context.addIssue('next_cursor of the page before');
    return z.NEVER;
  })
  .meta({
    description: '`next_cursor` of the page before; `page` then does not count. The way to read long histories.',
  });
const cursorOf = ({ createdAt, id }: HistoryPlace) => Buffer.from(`${createdAt}|${id}`).toString('base64url');

const history = z.object({
  page: whole(1, 1_000_000).default(1),
  page_size: whole(1, 100).default(100),
  model: z.string().optional(),
  status: z
    .enum([...taskStatuses, 'timeout', 'deleted'])
    .optional()
    .describe('No task here has the last two; clients of the hosted service ask for them.'),
  created_after: moment.optional(),
  created_before: moment.optional(),
  cursor: cursor.optional(),
  include_inputs: flag.default(false).describe('Whether the items have `inputs`, which is `input` by another name.'),
});
const page = z.object({
  page: z.int(),
  total: z.int().describe(`Tasks on all pages together, counted up to ${mostCounted}.`),
  next_cursor: z.string().optional().describe('Where the next page begins, if there is one.'),
  items: z.array(taskSchema.extend({ inputs: taskSchema.shape.input.optional() })).describe('Newest first.'),
});
const deletion = z.object({ ids: z.array(z.string().max(64)).max(1000) });
const params = z.object({ id: z.string() });

/**
 * How often a watching client is sent something, in milliseconds, so that nothing between takes the connection
 * for dead.
 */
const keepAlive = 10_000;
/** When a client that lost the connection is to connect again, in milliseconds. */
const reconnectAfter = 2000;
/** The id of a task's last event. */
const endedEvent = 'ended';

/** Tasks that were submitted: one, all, their events, and their end. */
export const predictionRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  const find = async (accountId: string, id: string) => {
    const task = await service.tasks.getOf(accountId, id);
    if (!task) throw new ApiError('unknown_task', `there is no task "${id.slice(0, 64)}"`);
    return task;
  };
  const list = async ({ account, publicUrl }: FastifyRequest, query: z.output<typeof history>) => {
    const { status, include_inputs: includeInputs } = query;
    if (status === 'timeout' || status === 'deleted') return success({ page: query.page, total: 0, items: [] });
    const filter: TaskFilter = {
      page: query.page,
      pageSize: query.page_size,
      model: query.model,
      status,
      createdAfter: query.created_after,
      createdBefore: query.created_before,
    };
    const { total, tasks, next } = await service.tasks.list(account.id, { ...filter, after: query.cursor });
    const results = await Promise.all(tasks.map((task) => service.result(task, { inline: false, publicUrl })));
    const items = includeInputs ? results.map((result) => ({ ...result, inputs: result.input })) : results;
    return success({ page: query.page, total, items, ...(next ? { next_cursor: cursorOf(next) } : {}) });
  };

  for (const [path, summary] of [
    ['/predictions/:id/result', 'A task and its result'],
    ['/predictions/:id', 'A task and its result, by its other path'],
  ] as const) {
    api.get(
      path,
      { schema: { tags, summary, params, response: answers(taskSchema, 404) } },
      async ({ account, params, publicUrl }) =>
        success(await service.result(await find(account.id, params.id), { publicUrl })),
    );
  }
  api.get(
    '/predictions',
    { schema: { tags, summary: 'History', querystring: history, response: answers(page) } },
    async (request) => list(request, request.query),
  );
  api.post(
    '/predictions',
    { schema: { tags, summary: 'History', body: history, response: answers(page) } },
    async (request) => list(request, request.body),
  );

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
      const task = await find(account.id, params.id);
      const cancelled = await service.lifecycle.cancel(task.id);
      if (!cancelled) await service.lifecycle.remove(account.id, [task.id]);
      return success({ id: task.id, status: 'deleted' as const });
    },
  );

  const previewSchema = {
    tags,
    summary: 'The sound of a task that is being made',
    description:
      'What the result would be if the sampler stopped after a step, as wav; for tasks with `enable_preview`. Events have ' +
      'the step in `progress.preview`. It is deleted when the task has ended.',
    params,
    querystring: z.object({ step: z.coerce.number().int().optional().describe('Only distinguishes cached copies.') }),
    response: {
      ...answers(z.unknown(), 404),
      204: z.undefined().describe('There is no preview now.'),
      200: {
        description: 'The preview.',
        content: { 'audio/wav': { schema: z.custom<Readable>().meta({ type: 'string', format: 'binary' }) } },
      },
    },
  };
  api.get('/predictions/:id/preview', { schema: previewSchema }, async ({ account, params: { id } }, reply) => {
    const task = await find(account.id, id);
    const bytes = await service.store.read(previewKey(task.id));
    // Not a refusal: the task may have ended since its client read of the preview.
    if (!bytes) return reply.status(204).send();
    return reply
      .type('audio/wav')
      .header('cache-control', 'no-store')
      .send(Readable.from([Buffer.from(bytes)]));
  });

  const eventSchema = {
    tags,
    summary: "A task's news, as server-sent events",
    description:
      'An event `task` at once and at every change, until the task has ended; its data is the JSON text of a ' +
      'TaskEvent. Each event holds the whole state, so that a client that reconnects misses nothing. A browser that ' +
      'connects again after the end is answered with 204, which keeps it from doing so for ever.',
    params,
    response: {
      ...answers(z.unknown(), 404),
      200: {
        description: 'Events, until the task has ended.',
        content: { 'text/event-stream': { schema: taskEventSchema } },
      },
      204: z.undefined().describe('The last event was the end.'),
    },
  };
  // Without HEAD, which would wait for the task's end to say nothing.
  api.get('/predictions/:id/events', { exposeHeadRoute: false, schema: eventSchema }, async (request, reply) => {
    const { id } = await find(request.account.id, request.params.id);
    if (request.headers['last-event-id'] === endedEvent) return reply.status(204).send();
    reply.hijack();
    const { raw } = reply;
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
    // A proxy that gathers what it passes on would keep the news back.
    const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
    raw.writeHead(200, headers);
    raw.write(`retry: ${reconnectAfter}\n\n`);
    let last = '';
    service.metrics.streamOpened();
    try {
      const ends = AbortSignal.any([disconnection(reply), service.drained]);
      for await (const event of service.watcher.watch(id, ends, keepAlive)) {
        const data = JSON.stringify(event);
        // A comment keeps the connection alive where there is no news.
        const id = isEnded(event.status) ? `id: ${endedEvent}\n` : '';
        raw.write(data === last ? ':\n\n' : `event: task\n${id}data: ${data}\n\n`);
        last = data;
      }
    } finally {
      service.metrics.streamClosed();
      raw.end();
    }
  });
};
