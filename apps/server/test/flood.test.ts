import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, startService } from './service.ts';

// Requests that would cost the service much more than the client.

let running: Running;
beforeAll(async () => {
  running = await startService({
    worker: false,
    settings: { RETONE_REQUESTS_PER_MINUTE: '100000', RETONE_MAX_UPLOAD_MB: '50' },
  });
});
afterAll(() => running.close());

const root = '/api/v3/stability-ai/stable-audio-3';
const megabyte = 1024 * 1024;

interface Open {
  socket: Socket;
  /** Status and error code, as soon as the service has answered. */
  answer: Promise<[number, string]>;
}

/** Begins a request; its body is for the test to send. */
function begin(path: string, length: number, headers: Record<string, string> = {}): Open {
  const { hostname, port } = new URL(running.url);
  const socket = connect(Number(port), hostname);
  const all = { host: 'localhost', 'content-type': 'application/json', 'content-length': String(length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  const answer = new Promise<[number, string]>((resolve, reject) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      const code = /"error_code":"(\w+)"/.exec(text)?.[1];
      if (code) resolve([Number(text.split(' ')[1]), code]);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${text}`)));
  });
  answer.catch(() => {});
  return { socket, answer };
}

describe('a request of 40 MB without a key', () => {
  test.each([
    ['/healthz', 405, 'method_not_allowed'],
    ['/readyz', 405, 'method_not_allowed'],
    ['/metrics', 405, 'method_not_allowed'],
    ['/nope', 404, 'not_found'],
    ['/', 405, 'method_not_allowed'],
    ['/files/x', 405, 'method_not_allowed'],
    ['/openapi.json', 405, 'method_not_allowed'],
    ['/playground/session', 413, 'too_large'],
    ['/api/v3/balance', 405, 'method_not_allowed'],
    ['/api/v3/predictions', 401, 'no_key'],
    ['/api/v3/media/upload/binary', 401, 'no_key'],
    [`${root}/music`, 401, 'no_key'],
    [`${root}/audio-to-audio`, 401, 'no_key'],
    ['/api/v3/no/model', 401, 'no_key'],
  ])('to %s is refused before its body comes', async (path, status, code) => {
    const { socket, answer } = begin(path, 40 * megabyte);
    expect(await answer).toEqual([status, code]);
    socket.destroy();
  });

  test('takes no memory, wherever it is sent', async () => {
    const before = process.memoryUsage().rss;
    let peak = before;
    const chunk = Buffer.alloc(megabyte, '[');
    for (const path of ['/healthz', '/nope', '/playground/session', '/api/v3/balance', `${root}/audio-to-audio`]) {
      const { socket, answer } = begin(path, 40 * megabyte);
      for (let sent = 0; sent < 40 && !socket.destroyed; sent++) {
        await new Promise((resolve) => socket.write(chunk, resolve));
        peak = Math.max(peak, process.memoryUsage().rss);
      }
      await answer;
      socket.destroy();
    }
    expect(peak - before).toBeLessThan(50 * megabyte);
  });
});

describe('with a key', () => {
  const post = async (path: string, body: string) => {
    const headers = { authorization: `Bearer ${running.key}`, 'content-type': 'application/json' };
    const response = await fetch(running.url + path, { method: 'POST', headers, body });
    return { status: response.status, code: ((await response.json()) as { error_code?: string }).error_code };
  };

  test.each(['/api/v3/predictions', '/api/v3/keys', `${root}/music`, '/api/v3/model/price'])(
    'more than 1 MB to %s, where no recording is taken, is refused before it comes',
    async (path) => {
      const { socket, answer } = begin(path, megabyte + 1, { authorization: `Bearer ${running.key}` });
      expect(await answer).toEqual([413, 'too_large']);
      socket.destroy();
    },
  );

  test.each([
    ['nested lists', '['.repeat(30 * megabyte), 'too_deep'],
    ['nested objects', '{"a":'.repeat(6 * megabyte), 'too_deep'],
    ['3 million unknown fields', `{${Array.from({ length: 3e6 }, (_, i) => `"x${i}":1`).join(',')}}`, 'too_complex'],
    ['a list of a million numbers', `{"prompt":[${'1,'.repeat(1e6)}1]}`, 'too_complex'],
    ['escaped quotes', `{"prompt":"${'\\"'.repeat(1e6)}"}`, 'too_complex'],
    ['blanks', `${' '.repeat(30 * megabyte)}{}`, 'too_complex'],
    ['a number without an end', `{"duration":${'1'.repeat(30 * megabyte)}}`, 'too_complex'],
    ['a text without an end', `{"prompt":"${'a'.repeat(30 * megabyte)}`, 'bad_request'],
  ])('%s are refused without being parsed', async (_, body, code) => {
    expect(await post(`${root}/audio-to-audio`, body)).toEqual({ status: 400, code });
  });

  test('a long recording inside the request is stored while others are served', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const recording = Buffer.alloc(40 * megabyte, bytes);
    const base64 = recording.toString('base64');
    // As PHP and .NET escape it, with the escapes across the edges of the pieces it is read in.
    const escaped = base64.replaceAll('/', '\\/').replaceAll('+', '\\u002B');
    for (const audio of [base64, escaped, `data:audio/wav;base64,${escaped}`]) {
      let over = false;
      const submitted = post(`${root}/audio-to-audio`, `{"prompt":"x","audio":"${audio}"}`).finally(() => {
        over = true;
      });
      let longest = 0;
      for (let last = performance.now(); !over; last = performance.now()) {
        await sleep(1);
        longest = Math.max(longest, performance.now() - last);
      }
      expect(await submitted).toEqual({ status: 200, code: undefined });
      const [task] = (await running.service.tasks.list(running.accountId, { page: 1, pageSize: 1 })).tasks;
      expect(task!.input.audio).toBe(`(${recording.length} bytes that came with the request)`);
      expect(recording.equals((await running.service.store.read(task!.sourceKey!))!)).toBe(true);
      console.log(`longest turn of the event loop while 53 MB of base64 came: ${longest.toFixed(0)} ms`);
    }
  });

  test.each([
    ['that is not base64', `${'A'.repeat(megabyte)}!`, 400],
    ['with half a group at its end', 'A'.repeat(megabyte + 1), 400],
    ['that is larger than allowed', 'A'.repeat(68 * megabyte), 413],
  ])('a recording %s leaves nothing behind', async (_, audio, status) => {
    const stored = async () => {
      const keys: string[] = [];
      for await (const { key } of running.service.store.list('sources/')) keys.push(key);
      return keys;
    };
    const before = await stored();
    expect((await post(`${root}/audio-to-audio`, JSON.stringify({ prompt: 'x', audio }))).status).toBe(status);
    expect(await stored()).toEqual(before);
  });

  test('a long text where a short one belongs is refused in words', async () => {
    const headers = { authorization: `Bearer ${running.key}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ audio: 'https://example.com/a.wav', prompt: 'x'.repeat(megabyte) });
    const response = await fetch(`${running.url}${root}/audio-to-audio`, { method: 'POST', headers, body });
    expect(response.status).toBe(400);
    const { message } = (await response.json()) as { message: string };
    expect(message).toMatch(/^prompt must be a text of 1 to \d+ characters \(got "x{40}\.\.\."\)$/);
  });

  test('more large bodies of one account at once than it may send are refused, and others are served', async () => {
    const { key, call } = await running.newAccount();
    const authorization = `Bearer ${key}`;
    const path = `${root}/audio-to-audio`;
    const open = [1, 2, 3, 4].map(() => begin(path, 10 * megabyte, { authorization }));
    await expect.poll(async () => (await call('GET', '/api/v3/balance')).status).toBe(200);
    const fifth = begin(path, 10 * megabyte, { authorization });
    expect(await fifth.answer).toEqual([429, 'too_many_bodies']);
    expect((await running.call('POST', path, { prompt: 'x', audio: 'A'.repeat(2 * megabyte) })).status).toBe(200);
    for (const { socket } of [...open, fifth]) socket.destroy();
    await expect
      .poll(async () => (await call('POST', path, { prompt: 'x', audio: 'A'.repeat(2 * megabyte) })).status)
      .toBe(200);
  });
});
