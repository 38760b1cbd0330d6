import { connect } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, startService } from './service.ts';

// Requests that no client means to send, generated from a seed: each is refused in the envelope, and the service goes on.

let running: Running;
beforeAll(async () => {
  running = await startService({
    worker: false,
    settings: { RETONE_REQUESTS_PER_MINUTE: '100000', RETONE_MAX_UPLOAD_MB: '1' },
  });
});
afterAll(async () => {
  // Whatever came, the service still serves, and nothing was taken in.
  const { status, body } = await running.call('GET', '/api/v3/predictions');
  expect({ status, total: body.data.total }).toEqual({ status: 200, total: 0 });
  await running.close();
});

const root = '/api/v3/stability-ai/stable-audio-3';
const paths = ['audio-to-audio', 'text-to-audio', 'music', 'audio-inpainting', 'audio-outpainting'].map(
  (name) => `${root}/${name}`,
);

interface Sent {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** Sends bytes as they are, which `fetch` would not, and reads the answer up to its end. */
function exchange(text: string | Uint8Array): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(running.url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const answer = Buffer.concat(chunks).toString();
      const [head, body] = answer.split('\r\n\r\n', 2) as [string, string?];
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (body === undefined || Buffer.byteLength(body) < length) return;
      socket.destroy();
      resolve({ status: Number(head.split(' ')[1]), body: JSON.parse(body) });
    });
    socket.on('error', reject);
    socket.on('end', () => reject(new Error('the service closed the connection without an answer')));
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

function refused(answer: { status: number; body: unknown }, sent: unknown): void {
  const shown = JSON.stringify(sent)?.slice(0, 200);
  expect({ shown, status: answer.status }).toEqual({
    shown,
    status: expect.toSatisfy((s: number) => s >= 400 && s < 500),
  });
  expect(answer.body).toMatchObject({ code: answer.status, message: expect.stringMatching(/\w/), data: null });
  expect(JSON.stringify(answer.body).length).toBeLessThan(20_000);
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const good = JSON.stringify({ prompt: 'Klänge', duration: 3, audio: 'A'.repeat(80), seed: 5 });
const nest = (open: string, inner: string, close: string, depth: number) =>
  `{"prompt":${open.repeat(depth)}${inner}${close.repeat(depth)}}`;

type Make = (random: () => number) => Omit<Sent, 'path'> & { path?: string };
const pick = <T>(random: () => number, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

const bodies: Record<string, Make> = {
  'cut off': (random) => ({ body: good.slice(0, 1 + Math.floor(random() * (good.length - 2))) }),
  'with bytes that are no UTF-8': (random) => {
    const bytes = Buffer.from(good);
    bytes[14 + Math.floor(random() * 3)] = pick(random, [0xff, 0xc0, 0xf8]);
    return { body: bytes };
  },
  'in another encoding': (random) => ({ body: Buffer.from(good, pick(random, ['utf16le', 'latin1'])) }),
  'with numbers out of all range': (random) => {
    const digits = '9'.repeat(1 + Math.floor(random() * 2000));
    const number = pick(random, [`1${digits}`, `1e${digits.slice(0, 9)}`, `-1e400`, `1${digits}.5`]);
    const name = pick(random, ['duration', 'seed', 'num_inference_steps', 'guidance_scale']);
    return { body: `{"prompt":"x","audio":"${'A'.repeat(80)}","${name}":${number.length < 4 ? '1e400' : number}}` };
  },
  'nested deeply': (random) => {
    const depth = 40 + Math.floor(random() ** 3 * 100_000);
    return { body: random() < 0.5 ? nest('[', '', ']', depth) : nest('{"a":', '1', '}', depth) };
  },
  'that would change prototypes': (random) => ({
    body: pick(random, [
      '{"prompt":"x","__proto__":{"admin":true}}',
      '{"prompt":"x","constructor":{"prototype":{"admin":true}}}',
      '{"prompt":"x","\\u005f_proto__":{"polluted":1}}',
      '{"prompt":"x","toString":1}',
      '{"prompt":{"__proto__":{"length":3}}}',
    ]),
  }),
  'with null characters or half characters': (random) => ({
    body: `{"prompt":"a${pick(random, ['\\u0000', '\\ud800', '\\udfff', '\\udc00\\ud800'])}b","audio":"${'A'.repeat(80)}"}`,
  }),
  'of another media type': (random) => ({
    body: good,
    headers: {
      'content-type': pick(random, [
        'text/plain',
        'text/html',
        'application/xml',
        'application/x-www-form-urlencoded',
        'application/octet-stream',
        'multipart/form-data; boundary=x',
        'multipart/form-data',
        'nonsense',
        '/',
        ';;',
      ]),
    },
  }),
  compressed: (random) => {
    // A bomb: a hundred times what is sent.
    const large = Buffer.from(`{"prompt":"${'a'.repeat(2e5)}"}`);
    return pick(random, [
      { body: gzipSync(large), headers: { 'content-encoding': 'gzip' } },
      { body: brotliCompressSync(large, { params: {} }), headers: { 'content-encoding': 'br' } },
      { body: good, headers: { 'content-encoding': 'deflate' } },
      { body: gzipSync(good) },
    ]);
  },
  'that is no object': (random) => ({
    body: pick(random, ['[]', '[{}]', '"x"', '1', 'null', 'true', '', ' ', '{', '\0']),
  }),
};

describe.each(Object.keys(bodies))('a body %s', (kind) => {
  test('is refused', async () => {
    const random = numbers(kind.length * 7919);
    for (let i = 0; i < 30; i++) {
      const sent = { path: pick(random, paths), ...bodies[kind]!(random) };
      refused(await request(sent), { ...sent, body: sent.body?.toString().slice(0, 150) });
    }
  });
});

describe('an upload that is broken', () => {
  const part = (disposition: string, type = 'audio/wav') =>
    `--b\r\nContent-Disposition: form-data${disposition}\r\nContent-Type: ${type}\r\n\r\nbytes`;
  const whole = `${part('; name="file"; filename="a.wav"')}\r\n--b--\r\n`;
  test.each([
    ['cut off', part('; name="file"; filename="a.wav"')],
    ['cut off in a header', whole.slice(0, 40)],
    ['empty', ''],
    ['only its end', '--b--\r\n'],
    ['of another boundary', whole.replaceAll('--b', '--c')],
    ['without a name', `${part('; filename="a.wav"')}\r\n--b--\r\n`],
    ['of JSON', good],
    ['of many fields', `${part('; name="x"').repeat(50)}`],
    ['with a header without end', `--b\r\nContent-Disposition: ${'a'.repeat(100_000)}`],
    ['with a name like a prototype', `${part('; name="__proto__"; filename="a.wav"')}\r\n--b--\r\n`],
  ])('%s is refused', async (_, body) => {
    const path = '/api/v3/media/upload/binary';
    refused(await request({ path, body, headers: { 'content-type': 'multipart/form-data; boundary=b' } }), body);
  });

  test('cut off anywhere is refused', async () => {
    for (let at = 1; at < whole.length - 4; at += 7) {
      const body = whole.slice(0, at);
      const headers = { 'content-type': 'multipart/form-data; boundary=b' };
      refused(await request({ path: '/api/v3/media/upload/binary', body, headers }), body);
    }
  });

  test.each(['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/mixed; boundary=b'])(
    'of type %s is refused',
    async (type) => {
      refused(
        await request({ path: '/api/v3/media/upload/binary', body: whole, headers: { 'content-type': type } }),
        type,
      );
    },
  );

  test('without a file name is taken all the same', async () => {
    const body = `${part('; name="file"', 'application/octet-stream')}\r\n--b--\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    expect(await request({ path: '/api/v3/media/upload/binary', body, headers })).toMatchObject({ status: 200 });
  });
});

describe('a path', () => {
  test.each([
    ['GET', '/api/v3/predictions/%00/result'],
    ['GET', '/api/v3/predictions/a%00b'],
    ['DELETE', '/api/v3/predictions/%00'],
    ['GET', '/files/%00'],
    ['GET', '/api/v3/predictions?model=%00'],
    ['GET', '/api/v3/predictions/%zz'],
    ['GET', '/files/%ff%fe'],
    ['GET', `/api/v3/predictions/${'a'.repeat(5000)}`],
    ['POST', `/api/v3/${'a/'.repeat(2000)}`],
    ['GET', '/api/v3/predictions?page=1&page=2'],
    ['GET', '/api/v3/predictions?__proto__=1&page=x'],
    ['POST', `${root}/music?webhook=%00`],
    ['PATCH', '/api/v3/models'],
    ['OPTIONS', '/nowhere'],
  ])('%s %s is refused', async (method, path) => {
    refused(await request({ method, path, ...(method === 'POST' ? { body: '{"prompt":"x"}' } : {}) }), path);
  });
});

describe('a list of ids or a filter', () => {
  test.each([
    ['/api/v3/predictions/delete', '{"ids":["\\u0000"]}'],
    ['/api/v3/predictions/delete', `{"ids":["${'x'.repeat(10_000)}"]}`],
    ['/api/v3/predictions', '{"model":"\\u0000"}'],
    ['/api/v3/predictions', '{"page":1e308}'],
    ['/api/v3/predictions', '[1]'],
    ['/api/v3/model/price', '{"model_id":{"a":1}}'],
    ['/api/v3/model/price', '"x"'],
    ['/api/v3/media/uploads', '{"filename":"\\u0000","size":1}'],
    ['/api/v3/media/uploads', '{"filename":"a","size":1e400}'],
  ])('at %s of %s is refused', async (path, body) => {
    refused(await request({ path, body }), body);
  });
});

describe('what is hardly HTTP', () => {
  test.each([
    ['headers too large', `GET /healthz HTTP/1.1\r\nhost: x\r\nx-large: ${'a'.repeat(100_000)}\r\n\r\n`, 431],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['a TLS greeting', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]), 400],
    ['two lengths', 'POST /api/v3/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 400],
    [
      'length and chunks',
      'POST /api/v3/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      400,
    ],
    ['a header with a null', 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: a\0b\r\n\r\n', 400],
  ])('%s is refused', async (_, text, status) => {
    const answer = await exchange(text);
    expect(answer.status).toBe(status);
    refused(answer, text);
  });

  test('a body larger than any may be is refused before it comes', async () => {
    const answer = await request({ path: `${root}/music`, headers: { 'content-length': '1000000000' } });
    expect(answer).toMatchObject({ status: 413, body: { error_code: 'too_large' } });
  });
});
