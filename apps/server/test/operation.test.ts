import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLog, readSettings } from '../src/index.ts';
import { type Running, startService } from './service.ts';
import { StubEngine } from './stub-engine.ts';

// For operators: metrics and log.

const root = '/api/v3/stability-ai/stable-audio-3';
const settings = readSettings({});
const lines: string[] = [];
const sink = new Writable({
  write(chunk, _encoding, done) {
    lines.push(...String(chunk).split('\n').filter(Boolean));
    done();
  },
});
let running: Running;
beforeAll(async () => {
  running = await startService({
    engine: new StubEngine(),
    log: openLog({ RETONE_LOG: 'json', RETONE_LOG_LEVEL: 'debug' }, sink),
    settings: {
      RETONE_CORS_ORIGINS: 'https://app.example.com, https://other.example.com',
      RETONE_ALLOW_HOSTS: '127.0.0.1',
    },
  });
});
afterAll(() => running.close());

/** A task that is waited for. */
const run = async (model: string, input: object) =>
  (await running.call('POST', `${root}/${model}`, { ...input, enable_sync_mode: true })).body.data;

/** The values of a metric, by its labels. */
async function metric(name: string, headers: Record<string, string> = {}): Promise<Record<string, number>> {
  const text = await (await fetch(`${running.url}/metrics`, { headers })).text();
  const found = [...text.matchAll(new RegExp(`^${name}(\\{.*\\})? (\\S+)$`, 'gm'))];
  return Object.fromEntries(found.map(([, labels = '', value]) => [labels, Number(value)]));
}

describe('metrics', () => {
  test('report requests, tasks, workers and the process', async () => {
    await run('music', { prompt: 'a bell' });
    await run('music', { prompt: 'refuse' });
    await running.call('GET', '/api/v3/predictions/none');
    const model = 'stability-ai/stable-audio-3/music';
    expect(await metric('retone_tasks_ended_total')).toEqual({
      [`{model="${model}",status="completed"}`]: 1,
      [`{model="${model}",status="failed"}`]: 1,
    });
    expect(await metric('retone_task_waiting_seconds_count')).toEqual({ [`{model="${model}"}`]: 2 });
    expect(await metric('retone_task_inference_seconds_count')).toEqual({ [`{model="${model}"}`]: 1 });
    const tasks = await metric('retone_tasks');
    expect(tasks).toEqual({ '{status="created"}': 0, '{status="processing"}': 0 });
    expect(await metric('retone_worker_slots')).toEqual({ '': 1 });
    const requests = await metric('retone_http_request_duration_seconds_count');
    expect(requests['{method="GET",route="/api/v3/predictions/:id",status="404"}']).toBe(1);
    expect((await metric('process_resident_memory_bytes'))['']).toBeGreaterThan(1e6);
  });

  test('have no more labels however many paths are asked for', async () => {
    const count = async () => Object.keys(await metric('retone_http_request_duration_seconds_count')).length;
    await fetch(`${running.url}/nowhere-0`);
    await running.call('POST', '/api/v3/no/model-0', {});
    await running.call('GET', '/api/v3/predictions/0');
    await count();
    const before = await count();
    for (let i = 1; i < 20; i++) {
      await fetch(`${running.url}/nowhere-${i}`);
      await running.call('POST', `/api/v3/no/model-${i}`, {});
      await running.call('GET', `/api/v3/predictions/${i}`);
    }
    expect(await count()).toBe(before);
  });

  test('are for this machine alone, or for who has the token', async () => {
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${running.url}/metrics`, { headers })).status;
    expect(await status({})).toBe(200);
    expect(await status({ 'x-forwarded-for': '203.0.113.9' })).toBe(403);
    running.service.settings.RETONE_METRICS_TOKEN = 'a token of the operator';
    expect(await status({})).toBe(403);
    expect(await status({ authorization: `Bearer ${running.key}` })).toBe(403);
    const right = { authorization: 'Bearer a token of the operator', 'x-forwarded-for': '203.0.113.9' };
    expect(await status(right)).toBe(200);
    delete running.service.settings.RETONE_METRICS_TOKEN;
  });
});

describe('the log', () => {
  test('has a line for each request, with who asked and with what', async () => {
    const headers = { 'x-client-name': 'wavespeed', 'x-client-version': '1.2', 'x-client-os': 'linux' };
    await running.call('GET', '/api/v3/balance?key=secret', undefined, { ...headers, 'x-request-id': 'find-me' });
    await expect.poll(() => lines.some((line) => line.includes('find-me'))).toBe(true);
    expect(JSON.parse(lines.find((line) => line.includes('find-me'))!)).toMatchObject({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      reqId: 'find-me',
      method: 'GET',
      path: '/api/v3/balance',
      route: '/api/v3/balance',
      status: 200,
      account: running.accountId,
      client: 'wavespeed 1.2 linux',
    });
  });

  test('has no secrets, whatever is sent', async () => {
    const { body } = await running.call('GET', '/api/v3/webhook/secret');
    const rotated = await running.call('POST', '/api/v3/webhook/secret/rotate');
    const made = await running.call('POST', '/api/v3/keys', { name: 'another' });
    const recording = Buffer.from('the recording itself, which is private'.repeat(9)).toString('base64');
    const hook = 'https://hook-user:hook-password@93.184.215.14/hook?token=hook-token';
    const secretUrl = 'https://93.184.215.14/a.wav?X-Amz-Signature=signed-secret';
    const bearer = { authorization: 'Bearer rt_wrong-but-secret' };
    await running.call('GET', '/api/v3/balance', undefined, bearer);
    await running.call('GET', `/api/v3/balance?api_key=${running.key}`);
    await running.call('POST', `${root}/music?webhook=${encodeURIComponent(hook)}`, { prompt: 'a private prompt' });
    await run('audio-to-audio', { prompt: 'a private prompt', audio: `data:audio/wav;base64,${recording}` });
    await running.call('POST', `${root}/audio-to-audio`, { prompt: 'x', audio: secretUrl, webhook_url: hook });
    await running.call('POST', `${root}/audio-to-audio`, `{"prompt": "a private prompt", "audio": "${recording}`);
    const { outputs } = await run('music', { prompt: 'a private prompt' });
    await fetch(outputs[0]);
    // Nobody takes it there: the telling fails, and is logged.
    const unheard = `${root}/music?webhook=${encodeURIComponent(`${running.url}/hook?token=hook-token`)}`;
    expect((await running.call('POST', unheard, { prompt: 'a private prompt' })).status).toBe(200);

    const words = ['/files/', 'webhook failed'];
    await expect.poll(() => words.filter((word) => !lines.join('\n').includes(word))).toEqual([]);
    const log = lines.join('\n');
    const secrets = {
      key: running.key,
      made: made.body.data.key,
      wrong: 'wrong-but-secret',
      webhook: body.data.secret.slice('whsec_'.length),
      rotated: rotated.body.data.secret.slice('whsec_'.length),
      recording: recording.slice(0, 40),
      password: 'hook-password',
      token: 'hook-token',
      signature: 'signed-secret',
      prompt: 'a private prompt',
      file: outputs[0].split('/files/')[1],
    };
    for (const [what, secret] of Object.entries(secrets))
      expect({ what, logged: log.includes(secret) }).toEqual({ what, logged: false });
  });

  test('is words where a person reads along', async () => {
    let text = '';
    const out = new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
    });
    const log = openLog({ ...settings, RETONE_LOG: 'text' }, out);
    log.info({ method: 'GET', path: '/healthz', status: 200, ms: 3 }, 'request');
    log.warn({ task: 'abc' }, 'webhook failed');
    await expect
      .poll(() => text)
      .toMatch(/^\d\d:\d\d:\d\d GET \/healthz 200 3 ms\n\d\d:\d\d:\d\d warn: webhook failed task=abc\n$/);
  });
});

describe('pages of other origins', () => {
  const ask = (origin: string, method = 'GET') =>
    fetch(`${running.url}/api/v3/balance`, {
      method,
      headers: {
        origin,
        ...(method === 'OPTIONS'
          ? { 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' }
          : { authorization: `Bearer ${running.key}` }),
      },
    });

  test.each(['https://app.example.com', 'https://other.example.com'])(
    'at %s may call, as the setting says',
    async (origin) => {
      const preflight = await ask(origin, 'OPTIONS');
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
      expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
      const answer = await ask(origin);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-expose-headers')).toContain('retry-after');
    },
  );

  test('at others may not', async () => {
    expect((await ask('https://evil.example', 'OPTIONS')).headers.get('access-control-allow-origin')).toBeNull();
    expect((await ask('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  });
});
