import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds, noRequests, numbers, pick, type Sent } from './malformed.ts';
import { type Running, startService } from './service.ts';

// 2,000 requests that no client means to send, from a seed, over all endpoints and down to bare sockets: each is
// refused in the envelope, and the service keeps working. RETONE_TEST_REQUESTS makes it more.

const seed = Number(process.env.RETONE_TEST_SEED ?? 20_261_122);
const count = Number(process.env.RETONE_TEST_REQUESTS ?? 2000);

let running: Running;
beforeAll(async () => {
  console.log(`malformed requests from RETONE_TEST_SEED=${seed}`);
  running = await startService({
    worker: false,
    settings: { RETONE_REQUESTS_PER_MINUTE: '100000', RETONE_MAX_UPLOAD_MB: '1' },
  });
});
afterAll(() => running.close());

/** Sends bytes as they are, which `fetch` would not, and reads the answer up to its end. */
function exchange(text: string | Uint8Array): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(running.url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    const read = () => {
      const [head, body] = answer.split('\r\n\r\n', 2) as [string, string?];
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (body === undefined || Buffer.byteLength(body) < length) return;
      socket.destroy();
      const json = /content-type: application\/json/i.test(head);
      resolve({ status: Number(head.split(' ')[1]), body: json ? JSON.parse(body) : body });
    };
    socket.on('data', (chunk) => {
      answer += chunk;
      read();
    });
    // Unread data at the end makes the system reset the connection; the response counts.
    socket.on('error', (error) => (answer ? read() : reject(error)));
    socket.on('close', () => reject(new Error(`the connection was closed after ${JSON.stringify(answer)}`)));
  });
}

function request({ method = 'POST', path, headers = {}, body = '' }: Sent): Promise<{ status: number; body: unknown }> {
  const bytes = Buffer.from(body);
  const all = {
    host: 'localhost',
    authorization: `Bearer ${running.key}`,
    'content-type': 'application/json',
    'content-length': String(bytes.length),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return exchange(Buffer.concat([Buffer.from([`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n')), bytes]));
}

/** The fault of a response to a malformed request, or undefined. */
function fault({ status, body }: { status: number; body: unknown }): string | undefined {
  const { code, message, data } = body as Record<string, unknown>;
  if (status < 400 || status > 499) return `the status is ${status}`;
  if (code !== status || typeof message !== 'string' || message === '' || data !== null) return 'it is not an envelope';
  if (JSON.stringify(body).length > 20_000) return 'it is long';
  return undefined;
}

/** Memory in MB, after what is no longer needed has been thrown away. */
function memory(): { heap: number; buffers: number; resident: number } {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed / 1e6, buffers: arrayBuffers / 1e6, resident: rss / 1e6 };
}

async function sendMany(from: number, times: number): Promise<void> {
  const random = numbers(from);
  const names = Object.keys(kinds);
  const faults: string[] = [];
  for (let i = 0; i < times; i++) {
    const bare = random() < 0.2;
    const name = names[i % names.length]!;
    const sent = bare ? pick(random, noRequests)(random) : kinds[name]!(random);
    const answer = await (typeof sent === 'string' || sent instanceof Uint8Array ? exchange(sent) : request(sent)).then(
      fault,
      (error: Error) => error.message,
    );
    const shown = sent instanceof Uint8Array ? Buffer.from(sent).toString('latin1') : sent;
    if (answer) faults.push(`${bare ? 'no request' : name}: ${answer}: ${JSON.stringify(shown).slice(0, 300)}`);
  }
  expect(faults.slice(0, 20)).toEqual([]);
}

test(`${count} malformed requests are refused, and memory returns to its level`, { timeout: 60 * count }, async () => {
  // Code and tables that are made at the first request of a kind.
  await sendMany(seed + 1, 400);
  const before = memory();
  await sendMany(seed, count);
  const after = memory();
  console.log('memory in MB', { before, after });
  expect(after.heap - before.heap).toBeLessThan(10);
  // The embedded database takes 16 MB for itself now and then, and gives them back.
  expect(after.buffers - before.buffers).toBeLessThan(25);
  expect(after.resident - before.resident).toBeLessThan(150);

  const { status, body } = await running.call('GET', '/api/v3/predictions');
  expect({ status, total: body.data.total }).toEqual({ status: 200, total: 0 });
  expect((await running.call('GET', '/api/v3/keys')).body.data).toHaveLength(1);
});

test('a body larger than any may be is refused before it comes', async () => {
  const path = '/api/v3/stability-ai/stable-audio-3/music';
  const answer = await request({ path, headers: { 'content-length': '1000000000' } });
  expect(answer).toMatchObject({ status: 413, body: { error_code: 'too_large' } });
});

test('headers that are too large are answered with 431', async () => {
  const answer = await exchange(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-large: ${'a'.repeat(100_000)}\r\n\r\n`);
  expect(answer).toMatchObject({ status: 431, body: { error_code: 'headers_too_large' } });
});

test('an upload whose part has no file name is taken all the same', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const body =
    '--b\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n--b--\r\n';
  expect(await request({ path: '/api/v3/media/upload/binary', body, headers })).toMatchObject({ status: 200 });
});
