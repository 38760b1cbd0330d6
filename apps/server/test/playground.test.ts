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
const host = () => new URL(running.url).host;
const port = () => new URL(running.url).port;

test('the page on this machine gets a key that works, and the same one again', async () => {
  const first = await session({ host: host(), origin: `http://${host()}` });
  expect(first.status).toBe(200);
  const answer = await fetch(`${running.url}/api/v3/balance`, { headers: { authorization: `Bearer ${first.key}` } });
  expect(answer.status).toBe(200);
  const named = await session({ host: `localhost:${port()}`, origin: `http://localhost:${port()}` });
  expect(named).toEqual(first);
});

test('a key that was revoked is replaced', async () => {
  const headers = { host: host(), origin: `http://${host()}` };
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
  ['https, which this is not', () => ({ host: host(), origin: `https://${host()}` })],
  ['a name that was rebound', () => ({ host: `evil.example:${port()}`, origin: `http://evil.example:${port()}` })],
  ['a name that begins like ours', () => ({ host: `localhost.evil.example`, origin: 'http://localhost.evil.example' })],
  ['a cross-site request', () => ({ host: host(), origin: `http://${host()}`, 'sec-fetch-site': 'cross-site' })],
  ['a same-site request', () => ({ host: host(), origin: `http://${host()}`, 'sec-fetch-site': 'same-site' })],
  ['a proxy', () => ({ host: host(), origin: `http://${host()}`, 'x-forwarded-for': '203.0.113.9' })],
  ['a proxy by the standard', () => ({ host: host(), origin: `http://${host()}`, forwarded: 'for=203.0.113.9' })],
])('no key for %s', async (_name, headers) => {
  expect(await session(headers())).toEqual({ status: 403, key: undefined });
});

test('no key from a service that others reach', async () => {
  for (const settings of [{ RETONE_PUBLIC_URL: 'https://retone.example.com' }, { RETONE_HOST: '0.0.0.0' }]) {
    const open = await startService({ worker: false, settings });
    try {
      const url = `http://127.0.0.1:${new URL(open.url).port}`;
      const { host } = new URL(url);
      expect(await session({ host, origin: `http://${host}` }, url)).toEqual({ status: 403, key: undefined });
    } finally {
      await open.close();
    }
  }
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

test('what is no sound is refused in words', async () => {
  const url = await upload(new Blob(['these are words, and no sound']), 'words.txt');
  const answer = await fetch(`${url}?format=wav`);
  expect(answer.status).toBe(415);
  expect(await answer.json()).toMatchObject({ error_code: 'not_audio' });
});
