import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Running, startService } from './service.ts';
import { StubEngine } from './stub-engine.ts';

// Results of tasks as clients see them, with a stub engine.

const root = '/api/v3/stability-ai/stable-audio-3';
let running: Running;
let receiver: Server;
const received: { headers: Record<string, unknown>; text: string }[] = [];
const engine = new StubEngine();
beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    received.push({ headers: request.headers, text });
    response.end();
  }).listen(0, '127.0.0.1');
  running = await startService({ engine, settings: { RETONE_ALLOW_HOSTS: '127.0.0.1' } });
});
afterAll(async () => {
  receiver.close();
  await running.close();
});

const submit = (input: object, model = 'music') => running.call('POST', `${root}/${model}`, { prompt: 'x', ...input });
const result = (id: string) => running.call('GET', `/api/v3/predictions/${id}/result`);
/** The result once the task has ended. */
async function ended({ body }: Answer): Promise<Answer> {
  await expect.poll(async () => (await result(body.data.id)).body.data.status).toMatch(/completed|failed|cancelled/);
  return result(body.data.id);
}

describe('a completed task', () => {
  test('has its output, its times and the same result at both paths', async () => {
    const answer = await ended(await submit({ seed: 3, output_format: 'wav' }));
    const { data } = answer.body;
    expect(data).toMatchObject({
      status: 'completed',
      error: '',
      error_code: '',
      outputs: [expect.stringMatching(`^${running.url}/files/[\\w-]{43}\\.wav$`)],
      has_nsfw_contents: [false],
      seed: 3,
      urls: { get: `${running.url}/api/v3/predictions/${data.id}/result` },
    });
    expect(data.executionTime).toBe(data.timings.inference);
    expect((await running.call('GET', `/api/v3/predictions/${data.id}`)).body).toEqual(answer.body);
    const file = await fetch(data.outputs[0]);
    expect([file.status, file.headers.get('content-type')]).toEqual([200, 'audio/wav']);
    expect(file.headers.get('content-disposition')).toMatch(/music-[0-9a-f]{8}\.wav/);
  });

  test.each([true, false])('comes with its bytes on demand; sync: %s', async (sync) => {
    const input = { enable_base64_output: true, output_format: 'flac', enable_sync_mode: sync };
    const answer = await submit(input);
    const { data } = (sync ? answer : await ended(answer)).body;
    expect(data.status).toBe('completed');
    expect(data.outputs).toHaveLength(1);
    expect(
      Buffer.from(data.outputs[0].replace('data:audio/flac;base64,', ''), 'base64').subarray(0, 4).toString(),
    ).toBe('fLaC');
    // Histories would be large.
    const { items } = (await running.call('POST', '/api/v3/predictions', { page_size: 1 })).body.data;
    expect(items[0].outputs[0]).toMatch(/^http/);
  });

  test('is deleted together with its file, one by one or together', async () => {
    const tasks = await Promise.all([1, 2, 3].map(async () => (await ended(await submit({}))).body.data));
    await running.call('DELETE', `/api/v3/predictions/${tasks[0].id}`);
    const ids = tasks.map(({ id }) => id);
    const { body } = await running.call('POST', '/api/v3/predictions/delete', { ids });
    expect(body.data).toEqual({ deleted_count: 2 });
    for (const { id, outputs } of tasks) {
      expect((await result(id)).status).toBe(404);
      expect((await fetch(outputs[0])).status).toBe(404);
    }
  });

  test('costs its price once', async () => {
    const { call, id } = await running.newAccount(1);
    await call('POST', `${root}/audio-outpainting`, { prompt: 'x', audio: 'nothing', extend_seconds_after: 1 });
    const paid = await call('POST', `${root}/text-to-audio`, { prompt: 'x', enable_sync_mode: true });
    expect(paid.body.data.status).toBe('completed');
    await expect.poll(() => running.service.ledger.balance(id)).toBe(1e6 - 20_600);
    expect((await call('GET', '/api/v3/balance')).body.data.balance).toBe(0.9794);
  });
});

describe('a failed task', () => {
  test.each([true, false])('is answered with 200 and what went wrong; sync: %s', async (sync) => {
    const answer = await submit({ prompt: 'refuse', enable_sync_mode: sync });
    const { status, body } = sync ? answer : await ended(answer);
    expect(status).toBe(200);
    expect(body).toMatchObject({ code: 200, message: 'success' });
    expect(body.data).toMatchObject({ status: 'failed', outputs: [], error: 'the engine refuses this' });
  });
});

test('a running task is cancelled, and costs nothing', async () => {
  const { call, id: account } = await running.newAccount(1);
  engine.hold();
  const before = engine.requests.length;
  const { id } = (await call('POST', `${root}/music`, { prompt: 'x' })).body.data;
  await expect.poll(() => engine.requests.length).toBe(before + 1);
  expect((await call('GET', `/api/v3/predictions/${id}`)).body.data.status).toBe('processing');
  expect((await call('DELETE', `/api/v3/predictions/${id}`)).body.data).toEqual({ id, status: 'deleted' });
  engine.release();
  expect((await call('GET', `/api/v3/predictions/${id}`)).body.data.status).toBe('cancelled');
  expect((await call('GET', '/api/v3/balance')).body.data.balance).toBe(1);
  expect(await running.service.ledger.balance(account)).toBe(1e6);
});

test.each(['completed', 'failed'])(
  'a webhook reports a task that has %s, signed with the secret of the account',
  async (status) => {
    const { port } = receiver.address() as AddressInfo;
    const { secret } = (await running.call('GET', '/api/v3/webhook/secret')).body.data;
    const prompt = status === 'failed' ? 'refuse' : 'Klänge';
    const path = `${root}/music?webhook=${encodeURIComponent(`http://127.0.0.1:${port}/hook`)}`;
    const { id } = (await running.call('POST', path, { prompt })).body.data;
    const own = () => received.filter(({ text }) => JSON.parse(text).id === id);
    await expect.poll(() => own().length).toBe(1);
    const [{ headers, text }] = own() as [(typeof received)[number]];
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': expect.stringMatching(/\w/) });
    expect(Math.abs(Date.now() / 1000 - Number(headers['webhook-timestamp']))).toBeLessThan(300);
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
    const digest = createHmac('sha256', secret.slice('whsec_'.length)).update(signed).digest('hex');
    expect(headers['webhook-signature']).toBe(`v3,${digest}`);
    expect(JSON.parse(text)).toMatchObject({ id, status, input: { prompt }, executionTime: expect.any(Number) });
    await expect
      .poll(async () => (await result(id)).body.data.webhook)
      .toEqual({
        state: 'delivered',
        attempts: 1,
        error: '',
        next_attempt_at: null,
      });
  },
);
