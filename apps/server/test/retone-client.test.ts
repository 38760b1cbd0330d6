import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Retone, RetoneError, TaskError, type TaskEvent, verifyWebhook } from '@retone/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { currentTypes, typesOf } from '../../../packages/client/generate.ts';
import { type Running, startService } from './service.ts';
import { silence } from './silence.ts';
import { StubEngine } from './stub-engine.ts';

// Retone's own client, against the service.

const engine = new StubEngine();
let running: Running;
let retone: Retone;

beforeAll(async () => {
  running = await startService({ engine, settings: { RETONE_ALLOW_HOSTS: '127.0.0.1' } });
  retone = new Retone({ url: running.url, key: running.key });
});
afterEach(() => engine.release());
afterAll(() => running.close());

test('its types are those of the OpenAPI document (npm run client-types)', async () => {
  const document = (await (await fetch(`${running.url}/openapi.json`)).json()) as Parameters<typeof typesOf>[0];
  expect(currentTypes()).toBe(await typesOf(document));
});

test('uploads, runs with progress, and downloads', async () => {
  const audio = await retone.upload(new Blob([silence()]), 'riff.wav');
  const events: TaskEvent[] = [];
  const task = await retone.run(
    'audio-to-audio',
    { audio, prompt: 'cello', duration: 1, output_format: 'wav', seed: 7 },
    { onEvent: (event) => events.push(event) },
  );
  expect(task).toMatchObject({ status: 'completed', seed: 7 });
  expect(events.at(-1)!.status).toBe('completed');
  const bytes = Buffer.from(await (await retone.download(task.outputs[0]!)).arrayBuffer());
  expect(bytes.subarray(0, 4).toString()).toBe('RIFF');
  expect(engine.requests.at(-1)).toMatchObject({ pipeline: 'audio-to-audio', controls: { prompt: 'cello', seed: 7 } });
});

test('a failed task, a refused one and an unknown one throw', async () => {
  const failed = await retone.run('music', { prompt: 'refuse', duration: 1 }).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(TaskError);
  expect((failed as TaskError).task.status).toBe('failed');
  const refused = await retone.run('music', { prompt: 'x', duration: 9999 }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ name: 'RetoneError', status: 400, code: 'invalid_parameters' });
  await expect(retone.task('0'.repeat(32))).rejects.toMatchObject({ status: 404, code: 'unknown_task' });
});

test('an aborted run is cancelled in the service', async () => {
  engine.hold();
  const abort = new AbortController();
  let id = '';
  const run = retone.run(
    'music',
    { prompt: 'to be cancelled', duration: 1 },
    {
      signal: abort.signal,
      onEvent: ({ status }) => {
        if (status === 'processing') abort.abort();
      },
    },
  );
  await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  const { items } = await retone.history({ page_size: 1 });
  id = items[0]!.id;
  await expect.poll(async () => (await retone.task(id)).status).toBe('cancelled');
});

test('history continues at a cursor; a task is deleted; models and balance are returned', async () => {
  for (const prompt of ['one', 'two']) await retone.run('text-to-audio', { prompt, duration: 1 });
  const first = await retone.history({ page_size: 1, status: 'completed' });
  const second = await retone.history({ page_size: 1, status: 'completed', cursor: first.next_cursor! });
  expect([...first.items, ...second.items].map(({ input }) => input.prompt)).toEqual(['two', 'one']);
  await retone.remove(first.items[0]!.id);
  await expect(retone.task(first.items[0]!.id)).rejects.toMatchObject({ status: 404 });
  expect((await retone.models()).map(({ model_id }) => model_id.split('/').at(-1))).toContain('audio-to-audio');
  expect(await retone.balance()).toBeGreaterThan(0);
});

test('the same idempotency key gives the same task', async () => {
  const submit = () => retone.submit('music', { prompt: 'once', duration: 1 }, { idempotencyKey: 'k1' });
  expect((await submit()).id).toBe((await submit()).id);
});

test('a webhook of the service is genuine, and a changed one is not', async () => {
  const { server, url, received } = await receiver();
  try {
    await retone.run('music', { prompt: 'tell me', duration: 1, webhook_url: url });
    const { headers, body } = await received;
    const secret = (await running.call('GET', '/api/v3/webhook/secret')).body.data.secret as string;
    expect(await verifyWebhook(secret, headers, body)).toBe(true);
    expect(await verifyWebhook(secret, headers, `${body} `)).toBe(false);
  } finally {
    server.close();
  }
});

test('what breaks on the way is tried again, and a service that is gone is named', async () => {
  let calls = 0;
  const flaky: typeof fetch = async (input, init) => {
    if (++calls === 1) throw new TypeError('fetch failed');
    if (calls === 2) return new Response('{}', { status: 503, headers: { 'retry-after': '1' } });
    return fetch(input, init);
  };
  expect(await new Retone({ url: running.url, key: running.key, fetch: flaky }).balance()).toBeGreaterThan(0);
  expect(calls).toBe(3);
  const away = new Retone({ url: 'http://127.0.0.1:9', key: 'x' }).balance();
  await expect(away).rejects.toThrow(new RetoneError(0, 'unreachable', 'http://127.0.0.1:9 does not answer'));
});

test('polls where no events arrive', async () => {
  const silent: typeof fetch = (input, init) =>
    String(input).endsWith('/events')
      ? Promise.resolve(new Response('<html>', { headers: { 'content-type': 'text/html' } }))
      : fetch(input, init);
  const polling = new Retone({ url: running.url, key: running.key, fetch: silent });
  expect((await polling.run('music', { prompt: 'quiet', duration: 1 })).status).toBe('completed');
});

/** Takes one webhook. */
async function receiver() {
  const { promise: received, resolve } = Promise.withResolvers<{ headers: Record<string, string>; body: string }>();
  const server: Server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.end();
    resolve({ headers: request.headers as Record<string, string>, body });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received };
}
