import { statSync } from 'node:fs';
import { join } from 'node:path';
import { encodeAudio } from '@retone/audio';
import { StoredAdapters } from '@retone/jobs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, startService } from './service.ts';
import { StubEngine } from './stub-engine.ts';

// Files as browsers and clients meet them: URLs, types, versions, and what an account may keep.

let running: Running;
beforeAll(async () => {
  running = await startService({
    engine: new StubEngine(),
    settings: { RETONE_REQUESTS_PER_MINUTE: '100000', RETONE_MAX_UPLOAD_MB: '1', RETONE_QUOTA_GB: '0.002' },
  });
});
afterAll(() => running.close());

const music = '/api/v3/stability-ai/stable-audio-3/music';

async function upload(content: Uint8Array | string, name: string, type: string, key = running.key): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob([content as never], { type }), name);
  const headers = { authorization: `Bearer ${key}` };
  const response = await fetch(`${running.url}/api/v3/media/upload/binary`, { method: 'POST', headers, body: form });
  const body = (await response.json()) as { data: { download_url: string }; message: string };
  if (!response.ok) throw new Error(body.message);
  return body.data.download_url;
}

describe('the URL of a result', () => {
  test.each(['mp3', 'wav', 'flac', 'm4a', 'ogg', 'opus', 'aac'])(
    'of %s ends so that clients take it for audio',
    async (format) => {
      const { body } = await running.call('POST', music, {
        prompt: 'x',
        output_format: format,
        enable_sync_mode: true,
      });
      const [url] = body.data.outputs;
      expect(url).toMatch(new RegExp(`^${running.url}/files/[\\w-]{43}\\.${format}$`));
      const bare = url.replace(/\.\w+$/, '');
      const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
      // The form of earlier versions, and one under a name.
      for (const other of [bare, `${bare}/take.${format}`]) {
        const response = await fetch(other);
        expect([response.status, bytes.equals(Buffer.from(await response.arrayBuffer()))]).toEqual([200, true]);
      }
      const again = await running.call('POST', '/api/v3/stability-ai/stable-audio-3/audio-to-audio', {
        prompt: 'x',
        audio: url,
      });
      expect(again.status).toBe(200);
    },
  );

  test('plays in a browser that opens it, and allows nothing else', async () => {
    const { body } = await running.call('POST', music, { prompt: 'x', enable_sync_mode: true });
    const { headers } = await fetch(body.data.outputs[0]);
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; media-src 'self'; sandbox");
    expect(headers.get('access-control-expose-headers')).toContain('content-range');
  });
});

test.each([
  ['page.html', 'text/html'],
  ['picture.svg', 'image/svg+xml'],
  ['script.js', 'text/javascript'],
  ['style.css', 'text/css'],
  ['page.xhtml', 'application/xhtml+xml'],
  ['feed.xml', 'text/xml'],
  ['paper.pdf', 'application/pdf'],
])('an upload %s is bytes to be saved, whatever it calls itself', async (name, type) => {
  const { headers } = await fetch(await upload('<script>alert(1)</script>', name, type));
  expect(headers.get('content-type')).toBe('application/octet-stream');
  expect(headers.get('content-disposition')).toMatch(/^attachment;/);
});

test.each([
  ['a.png', 'image/png'],
  ['a.avi', 'video/x-msvideo'],
  ['a.wav', 'audio/wav'],
])('an upload %s is shown', async (name, type) => {
  const { headers } = await fetch(await upload('bytes', name, type));
  expect(headers.get('content-type')).toBe(type);
  expect(headers.get('content-disposition')).toMatch(/^inline;/);
});

describe('versions', () => {
  test('a client that has the file gets 304; a range of another version is the whole', async () => {
    const url = await upload('0123456789', 'a.wav', 'audio/wav');
    const first = await fetch(url);
    const etag = first.headers.get('etag')!;
    expect(etag).toMatch(/^"[\w-]+"$/);
    for (const known of [etag, `"x", ${etag}`, `W/${etag}`, '*']) {
      expect((await fetch(url, { headers: { 'if-none-match': known } })).status).toBe(304);
    }
    expect((await fetch(url, { headers: { 'if-none-match': '"x"' } })).status).toBe(200);
    const range = 'bytes=2-3';
    expect((await fetch(url, { headers: { range, 'if-range': etag } })).status).toBe(206);
    for (const other of ['"x"', 'Wed, 21 Oct 2026 07:28:00 GMT']) {
      const response = await fetch(url, { headers: { range, 'if-range': other } });
      expect([response.status, await response.text()]).toEqual([200, '0123456789']);
    }
  });

  test('refusals are not cached as if they were the file', async () => {
    const url = await upload('no sound at all', 'a.wav', 'audio/wav');
    for (const refused of [`${url}?format=mp3`, `${url}?format=none`, `${running.url}/files/none`]) {
      const { status, headers } = await fetch(refused);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(headers.get('cache-control')).toBeNull();
    }
  });
});

test('conversions of one account leave room in the line for others', async () => {
  const silence = { sampleRate: 8000, channels: [new Float32Array(8000 * 60)] };
  const long = await encodeAudio(silence, 'flac');
  const { key } = await running.newAccount();
  const mine = await upload(long, 'long.flac', 'audio/flac');
  const theirs = await upload(long, 'long.flac', 'audio/flac', key);
  const many = Array.from({ length: 25 }, () => fetch(`${mine}?format=wav`).then(({ status }) => status));
  const other = (await fetch(`${theirs}?format=wav`)).status;
  const statuses = await Promise.all(many);
  expect(other).toBe(200);
  expect(statuses).toContain(503);
  expect(statuses).toContain(200);
});

describe('an announced upload', () => {
  const announce = async (size: number) =>
    (await running.call('POST', '/api/v3/media/uploads', { filename: 'a.wav', size })).body.data;
  const put = (url: string, body: string) => fetch(url, { method: 'PUT', body });

  test('has the size it was announced with', async () => {
    const { upload: how } = await announce(5);
    for (const wrong of ['1234', '123456']) {
      const response = await put(how.url, wrong);
      expect([response.status, ((await response.json()) as { error_code: string }).error_code]).toEqual([
        400,
        'wrong_size',
      ]);
    }
    expect((await put(how.url, '12345')).status).toBe(200);
  });

  test('sent twice at once is one of the two, whole', async () => {
    const size = 500_000;
    for (let i = 0; i < 5; i++) {
      const { upload: how, download_url: url } = await announce(size);
      const answers = await Promise.all([put(how.url, 'a'.repeat(size)), put(how.url, 'b'.repeat(size))]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      const winner = answers[0]!.status === 200 ? 'a' : 'b';
      expect(await (await fetch(url)).text()).toBe(winner.repeat(size));
      const task = await running.service.files.get(/files\/([\w-]+)/.exec(url)![1]!);
      await running.service.files.remove([task!.token]);
    }
  });
});

test('an account keeps so much and no more, announced or there', async () => {
  const { call, key } = await running.newAccount();
  const announce = (size: number) => call('POST', '/api/v3/media/uploads', { filename: 'a.wav', size });
  await upload('x'.repeat(900_000), 'a.wav', 'audio/wav', key);
  expect((await announce(900_000)).status).toBe(200);
  expect(await announce(900_000)).toMatchObject({ status: 413, body: { error_code: 'quota_exceeded' } });
  await expect(upload('x'.repeat(900_000), 'a.wav', 'audio/wav', key)).rejects.toThrow('at most 0.002 GB');
  expect((await announce(1000)).status).toBe(200);
});

test('a larger upload than allowed is refused before it comes', async () => {
  const sent = new ReadableStream({
    pull() {
      // Never: a service that waits for the body waits for ever.
      return new Promise(() => {});
    },
  });
  const response = await fetch(`${running.url}/api/v3/media/upload/binary`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${running.key}`,
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': '1000000000',
    },
    body: sent,
    duplex: 'half',
  } as RequestInit).catch((error) => error);
  if (response instanceof Error) return; // undici may report the early answer as a broken request
  expect(response.status).toBe(413);
});

describe('the other doors of clients', () => {
  test.each([
    ['GET', '/balance'],
    ['GET', '/models'],
    ['POST', '/predictions'],
    ['POST', '/stability-ai/stable-audio-3/music'],
  ])('%s /api/v2%s is v3', async (method, path) => {
    const body = method === 'POST' ? { prompt: 'x' } : undefined;
    expect((await running.call(method, `/api/v2${path}`, body)).status).toBe(200);
  });

  test('ComfyUI uploads and polls under v2; others upload to /upload', async () => {
    const { key, call } = await running.newAccount();
    const clip = { sampleRate: 8000, channels: [new Float32Array(8000)] };
    const form = new FormData();
    form.append('file', new Blob([Buffer.from(await encodeAudio(clip, 'wav'))], { type: 'audio/wav' }), 'riff.wav');
    const headers = { authorization: `Bearer ${key}` };
    const send = async (path: string) => {
      const response = await fetch(running.url + path, { method: 'POST', headers, body: form });
      return ((await response.json()) as { data: { url?: string; download_url: string } }).data;
    };
    const { download_url: audio } = await send('/api/v2/media/upload/binary');
    expect((await send('/api/v3/upload')).url).toMatch(/\.wav$/);
    const path = '/api/v3/stability-ai/stable-audio-3/audio-to-audio';
    const { body } = await call('POST', path, { prompt: 'x', audio });
    await expect
      .poll(async () => (await call('GET', `/api/v2/predictions/${body.data.id}/result`)).body.data.status)
      .toBe('completed');
  });
});

test('401 says how to authenticate', async () => {
  const { headers } = await fetch(`${running.url}/api/v3/balance`);
  expect(headers.get('www-authenticate')).toBe('Bearer realm="retone"');
});

test('a URL with blanks around it is a URL, which only workers fetch', async () => {
  const path = '/api/v3/stability-ai/stable-audio-3/audio-to-audio';
  const { status, body } = await running.call('POST', path, { prompt: 'x', audio: ' http://127.0.0.1:8080/a.wav\n' });
  expect([status, body.data.input.audio]).toEqual([200, 'http://127.0.0.1:8080/a.wav']);
  await expect
    .poll(async () => (await running.call('GET', `/api/v3/predictions/${body.data.id}`)).body.data)
    .toMatchObject({ status: 'failed', error_code: 'source_blocked_address' });
});

test.each([
  ['audio-inpainting', {}, 'completed', ''],
  ['audio-inpainting', { mask_start_seconds: 1, mask_end_seconds: 1.5 }, 'completed', ''],
  [
    'audio-inpainting',
    { mask_end_seconds: 60 },
    'failed',
    /^mask_end_seconds must be within the recording of 2 s \(got 60\)$/,
  ],
  [
    'audio-inpainting',
    { mask_start_seconds: 3 },
    'failed',
    /^mask_start_seconds must be before the end of the recording/,
  ],
  ['audio-outpainting', { extend_seconds_after: 380 }, 'completed', ''],
])('%s of 2 s with %j ends as its parameters allow', async (model, parameters, status, error) => {
  const clip = { sampleRate: 44100, channels: [new Float32Array(2 * 44100)] };
  const audio = Buffer.from(await encodeAudio(clip, 'wav')).toString('base64');
  const input = { prompt: 'x', audio, ...parameters, enable_sync_mode: true };
  const { body } = await running.call('POST', `/api/v3/stability-ai/stable-audio-3/${model}`, input);
  if (body.code === 400) return expect(body.message).toContain('extend_seconds_after must be');
  expect(body.data.status).toBe(status);
  expect(body.data.error).toEqual(error === '' ? '' : expect.stringMatching(error));
  expect(body.data.error_code).toBe(status === 'failed' ? 'invalid_parameters' : '');
});

test('what is stored is for the owner of the process alone', async () => {
  const { RETONE_DATA: folder } = running.service.settings;
  const url = await upload('secret', 'a.wav', 'audio/wav');
  const { key } = (await running.service.files.get(/files\/([\w-]+)/.exec(url)![1]!))!;
  for (const path of ['files', 'database', join('files', key)])
    expect([path, statSync(join(folder, path)).mode & 0o077]).toEqual([path, 0]);
});

test('an adapter is known by its content, so that its copies can be deleted', async () => {
  const { id } = await running.newAccount();
  const adapters = new StoredAdapters(running.service.database);
  await adapters.add({ id: 'one', accountId: id, name: 'a', key: 'adapters/one', size: 1, hash: 'a'.repeat(64) });
  expect(await adapters.isKept('a'.repeat(64))).toBe(true);
  await adapters.remove(id, 'one');
  expect(await adapters.isKept('a'.repeat(64))).toBe(false);
});
