import { Readable } from 'node:stream';
import { isEnded, taskEventSchema } from '@retone/contract';
import { previewKey } from '@retone/jobs';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { disconnection } from '../disconnection.ts';
import { answers } from '../openapi.ts';
import type { Service } from '../service.ts';
import { taskOf } from '../task-of.ts';

const tags = ['Tasks'];
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

/** A task while it is being made: its events, and the preview of its sound. */
export const eventRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  api.get('/predictions/:id/preview', { schema: previewSchema }, async ({ account, params: { id } }, reply) => {
    const task = await taskOf(service, account.id, id);
    const bytes = await service.store.read(previewKey(task.id));
    // Not a refusal: the task may have ended since its client read of the preview.
    if (!bytes) return reply.status(204).send();
    return reply
      .type('audio/wav')
      .header('cache-control', 'no-store')
      .send(Readable.from([Buffer.from(bytes)]));
  });

  // Without HEAD, which would wait for the task's end to say nothing.
  api.get('/predictions/:id/events', { exposeHeadRoute: false, schema: eventSchema }, async (request, reply) => {
    const { id } = await taskOf(service, request.account.id, request.params.id);
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
