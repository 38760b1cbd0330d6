import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeAudio } from '@retone/audio';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { playgroundRoutes } from '../src/routes/playground.ts';
import { type Running, startService } from './service.ts';

let running: Running;
beforeAll(async () => {
  running = await startService({ worker: false });
});
afterAll(() => running.close());

/** Asks for the page's key; `fetch` would not let us forge these headers. */
function session(headers: Record<string, string>, url = running.url): Promise<{ status: number; key?: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/playground/session`, { method: 'POST', headers }, async (response) => {
      const parts = await response.toArray();
      const { data } = JSON.parse(Buffer.concat(parts).toString());
      resolve({ status: response.statusCode!, key: data?.key });
    });
    asked.on('error', reject).end();
  });
}
const withToken = (headers: Record<string, string>, token = running.service.pageToken) => ({
  ...headers,
  'x-retone-token': token,
});
const host = () => new URL(running.url).host;
const port = () => new URL(running.url).port;

test('the page on this machine gets a key that works, and the same one again', async () => {
  const first = await session(withToken({ host: host(), origin: `http://${host()}` }));
  expect(first.status).toBe(200);
  const answer = await fetch(`${running.url}/api/v3/balance`, { headers: { authorization: `Bearer ${first.key}` } });
  expect(answer.status).toBe(200);
  const named = await session(withToken({ host: `localhost:${port()}`, origin: `http://localhost:${port()}` }));
  expect(named).toEqual(first);
});

test('a key that was revoked is replaced', async () => {
  const headers = withToken({ host: host(), origin: `http://${host()}` });
  const { key } = await session(headers);
  const { keyId } = (await running.service.keys.authenticate(key!))!;
  await running.service.keys.revoke(keyId, 'test');
  const again = await session(headers);
  expect(again.key).not.toBe(key);
  const live = (await running.service.keys.list()).filter((each) => each.name === 'playground' && !each.revokedAt);
  expect(live).toHaveLength(1);
});

test.each([
  ['no origin', () => ({ host: host() })],
  ['another site', () => ({ host: host(), origin: 'https://evil.example' })],
  ['an opaque origin', () => ({ host: host(), origin: 'null' })],
  ['another port of this machine', () => ({ host: host(), origin: 'http://127.0.0.1:1' })],
  ['a cross-site request', () => ({ host: host(), origin: `http://${host()}`, 'sec-fetch-site': 'cross-site' })],
  ['a same-site request', () => ({ host: host(), origin: `http://${host()}`, 'sec-fetch-site': 'same-site' })],
])('no key for %s, even with the token', async (_name, headers) => {
  expect(await session(withToken(headers() as Record<string, string>))).toEqual({ status: 403, key: undefined });
});

test.each([
  ['its own page on this machine', () => ({ host: host(), origin: `http://${host()}` })],
  // nginx with default headers asks the service by its address, and passes the client's Origin on.
  ['whoever comes through a proxy without headers', () => ({ host: host(), origin: `http://${host()}` })],
  ['a name that was rebound', () => ({ host: `evil.example:${port()}`, origin: `http://evil.example:${port()}` })],
])('no key without the token, nor with a wrong one, for %s', async (_name, headers) => {
  expect(await session(headers())).toEqual({ status: 403, key: undefined });
  for (const wrong of ['', 'x', running.service.pageToken.slice(1), `${running.service.pageToken}x`])
    expect(await session(withToken(headers(), wrong))).toEqual({ status: 403, key: undefined });
});

test('metrics are for this machine by its own name: not for a proxy that passes on the name it was asked for', async () => {
  const status = (headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const asked = request(`${running.url}/metrics`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      asked.on('error', reject).end();
    });
  expect(await status({ host: host() })).toBe(200);
  expect(await status({ host: `localhost:${port()}` })).toBe(200);
  for (const name of ['retone.example.com', 'localhost.example.com', '127.0.0.1.nip.io', '10.0.0.1'])
    expect(await status({ host: name })).toBe(403);
});

test('a page that is not built says how to build it; one that is, comes compressed, with the catalogue and a policy', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'retone-page-'));
  const app = Fastify();
  const built = Fastify();
  try {
    await app.register(playgroundRoutes, { service: running.service, folder });
    const missing = await app.inject('/');
    expect(missing.statusCode).toBe(503);
    expect(missing.body).toContain('npm run build');

    await mkdir(join(folder, 'assets'));
    const script = 'console.log(1)';
    await writeFile(
      join(folder, 'index.html'),
      `<script type="application/json" id="catalogue">null</script><script type="module">${script}</script>`,
    );
    await writeFile(join(folder, 'assets', 'a-1.js'), 'export {}');
    await built.register(playgroundRoutes, { service: running.service, folder });
    const page = await built.inject('/');
    expect(page.headers['content-security-policy']).toMatch(/script-src 'self' 'sha256-[\w+/=]+';/);
    expect(page.body).toContain('"model_id":"stability-ai/stable-audio-3/audio-to-audio"');
    const small = await built.inject({ url: '/', headers: { 'accept-encoding': 'br' } });
    expect(small.headers['content-encoding']).toBe('br');
    const asset = await built.inject('/assets/a-1.js');
    expect(asset.headers['cache-control']).toContain('immutable');
    expect((await built.inject('/assets/../package.json')).statusCode).toBe(404);
  } finally {
    await app.close();
    await built.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

const riff = fileURLToPath(new URL('../../../examples/riff.wav', import.meta.url));

async function upload(content: Blob, name: string): Promise<string> {
  const form = new FormData();
  form.append('file', content, name);
  const headers = { authorization: `Bearer ${running.key}` };
  const answer = await fetch(`${running.url}/api/v3/media/upload/binary`, { method: 'POST', headers, body: form });
  return ((await answer.json()) as { data: { download_url: string } }).data.download_url;
}

test('files can be had in all seven formats', async () => {
  const { openAsBlob } = await import('node:fs');
  const url = await upload(await openAsBlob(riff), 'take one.wav');
  for (const format of ['mp3', 'wav', 'flac', 'ogg', 'opus', 'm4a', 'aac']) {
    const answer = await fetch(`${url}?format=${format}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-disposition')).toContain(`take%20one.${format}`);
    const { channels, sampleRate } = await decodeAudio(new Uint8Array(await answer.arrayBuffer()));
    expect(channels).toHaveLength(2);
    expect(channels[0]!.length / sampleRate).toBeCloseTo(8, 0);
  }
  const unknown = await fetch(`${url}?format=midi`);
  expect(unknown.status).toBe(400);
});

test('a file that is not a sound file is refused with a reason', async () => {
  const url = await upload(new Blob(['these are words, and no sound']), 'words.txt');
  const answer = await fetch(`${url}?format=wav`);
  expect(answer.status).toBe(415);
  expect(await answer.json()).toMatchObject({ error_code: 'not_audio' });
});
