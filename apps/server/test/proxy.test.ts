import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLog } from '../src/index.ts';
import { type Running, startService } from './service.ts';
import { StubEngine } from './stub-engine.ts';

// Responses and log entries for requests that come through a proxy.

const submission = '/api/v3/stability-ai/stable-audio-3';
const forwarded = {
  'x-forwarded-for': '203.0.113.9',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'retone.example.com',
};

let running: Running;
let log = '';

async function start(settings: Record<string, string>): Promise<void> {
  log = '';
  const sink = new Writable({
    write(chunk, _encoding, done) {
      log += chunk;
      done();
    },
  });
  const options = { RETONE_LOG: 'json', RETONE_LOG_LEVEL: 'info' } as const;
  running = await startService({ settings, engine: new StubEngine(), log: openLog(options, sink) });
}

async function upload(headers: Record<string, string>): Promise<string> {
  const ticket = { filename: 'a.wav', size: 3 };
  const { body } = await running.call('POST', '/api/v3/media/uploads', ticket, headers);
  return body.data.download_url;
}

/** The address that the log has for a request. */
async function addressOf(headers: Record<string, string>): Promise<string> {
  const id = `request-${Math.random()}`;
  await running.call('GET', '/api/v3/balance', undefined, { ...headers, 'x-request-id': id });
  const line = () => log.split('\n').find((each) => each.includes(id));
  await expect.poll(line).toBeDefined();
  return JSON.parse(line()!).ip;
}

describe('a proxy that is trusted', () => {
  beforeAll(() => start({ RETONE_TRUST_PROXY: 'loopback, 198.51.100.0/24' }));
  afterAll(() => running.close());

  test('reports the address of the client and the requested URL', async () => {
    expect(await addressOf(forwarded)).toBe('203.0.113.9');
    const chain = { ...forwarded, 'x-forwarded-for': '192.0.2.7, 203.0.113.9, 198.51.100.4' };
    expect(await addressOf(chain), 'the first who is not trusted').toBe('203.0.113.9');

    const base = 'https://retone.example.com';
    const options = { prompt: 'a bell', enable_sync_mode: true };
    const { body } = await running.call('POST', `${submission}/music`, options, forwarded);
    expect(body.data.urls.get).toBe(`${base}/api/v3/predictions/${body.data.id}/result`);
    expect(body.data.outputs).toEqual([expect.stringContaining(`${base}/files/`)]);
    for (const [method, path] of [
      ['GET', `/api/v3/predictions/${body.data.id}`],
      ['GET', '/api/v3/predictions'],
      ['GET', '/openapi.json'],
    ] as const) {
      const answer = JSON.stringify((await running.call(method, path, undefined, forwarded)).body);
      expect(answer).toContain(base);
      expect(answer).not.toContain(running.url);
    }
  });

  test('has its URLs taken back as those of uploads', async () => {
    const url = await upload(forwarded);
    expect(url).toMatch(/^https:\/\/retone\.example\.com\/files\//);
    const put = await fetch(url.replace('https://retone.example.com', running.url), { method: 'PUT', body: 'abc' });
    expect(put.status).toBe(200);
    const parameters = { prompt: 'a bell', audio: url };
    const { body } = await running.call('POST', `${submission}/audio-to-audio`, parameters, forwarded);
    const task = await running.service.tasks.get(body.data.id);
    expect(task!.sourceKey).toMatch(/^uploads\//);
  });

  test('is not believed if it is not a host', async () => {
    expect(await upload({ ...forwarded, 'x-forwarded-host': 'a b' })).toContain(`${running.url}/files/`);
    expect(await upload({ ...forwarded, 'x-forwarded-proto': 'javascript' })).toContain(`${running.url}/files/`);
    const path = { ...forwarded, 'x-forwarded-host': 'evil.example/path?x=' };
    expect(await upload(path)).toMatch(/^https:\/\/evil\.example\/files\//);
  });
});

test.each([
  ['by default nobody is', {}],
  ['who comes from elsewhere is not', { RETONE_TRUST_PROXY: '198.51.100.4' }],
])('%s believed', async (_name, settings: Record<string, string>) => {
  await start(settings);
  expect(await addressOf(forwarded)).toBe('127.0.0.1');
  expect(await upload(forwarded)).toContain(`${running.url}/files/`);
  await running.close();
});

test('the public URL of the settings takes precedence over the headers of a proxy', async () => {
  await start({ RETONE_TRUST_PROXY: 'loopback', RETONE_PUBLIC_URL: 'https://public.example.com/' });
  expect(await upload(forwarded)).toContain('https://public.example.com/files/');
  await running.close();
});
