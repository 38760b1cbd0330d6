import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

// Requests that no client means to send. Each is wrong whatever its numbers come to.

export interface Sent {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}
/** Numbers in [0, 1). */
export type Random = () => number;

/** Numbers in [0, 1) from a seed (mulberry32). */
export function numbers(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
const whole = (random: Random, below: number) => Math.floor(random() * below);

const root = '/api/v3/stability-ai/stable-audio-3';
const audio = 'A'.repeat(80);
const upload = '/api/v3/media/upload/binary';

/** Endpoints that take JSON: a good body, and the names of a text and of a number in it. */
const targets: { path: string; good: Record<string, unknown>; text: string; number: string }[] = [
  ...['audio-to-audio', 'text-to-audio', 'music', 'audio-inpainting', 'audio-outpainting'].flatMap((name) =>
    ['num_inference_steps', 'guidance_scale', 'seed'].map((number) => ({
      path: `${root}/${name}`,
      good: { prompt: 'Klänge', ...(name.startsWith('audio') ? { audio } : {}), [number]: 5 },
      text: 'prompt',
      number,
    })),
  ),
  { path: '/api/v3/predictions', good: { model: 'Klänge', page: 1 }, text: 'model', number: 'page' },
  { path: '/api/v3/predictions/delete', good: { ids: ['Klänge'] }, text: 'ids', number: 'ids' },
  { path: '/api/v3/model/price', good: { model_id: 'Klänge' }, text: 'model_id', number: 'model_id' },
  { path: '/api/v3/model/pricing', good: { model_id: 'Klänge' }, text: 'model_id', number: 'model_id' },
  { path: '/api/v3/media/uploads', good: { filename: 'Klänge', size: 1 }, text: 'filename', number: 'size' },
  { path: '/api/v3/keys', good: { name: 'Klänge' }, text: 'name', number: 'name' },
];

const nulls = ['\\u0000', '\\ud800', '\\udfff', '\\udc00\\ud800'];
const types = [
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
];

type Make = (random: Random) => Sent;

/** A body of JSON that is none, or not this endpoint's. */
function body(make: (random: Random, target: (typeof targets)[number], good: string) => Omit<Sent, 'path'>): Make {
  return (random) => {
    const target = pick(random, targets);
    return { path: target.path, ...make(random, target, JSON.stringify(target.good)) };
  };
}

/** A form that ends too early or is none. */
function form(text: (random: Random) => string, type = 'multipart/form-data; boundary=b'): Make {
  return (random) => ({ path: upload, body: text(random), headers: { 'content-type': type } });
}

const part = (disposition: string) =>
  `--b\r\nContent-Disposition: form-data${disposition}\r\nContent-Type: audio/wav\r\n\r\nbytes`;
const wholeForm = `${part('; name="file"; filename="a.wav"')}\r\n--b--\r\n`;

/** A hundred times what is sent, or more. */
const bomb = Buffer.from(`{"prompt":"${'a'.repeat(1e6)}"}`);
const bombs = [
  ['gzip', gzipSync(bomb)],
  ['br', brotliCompressSync(bomb)],
  ['deflate', deflateSync(bomb)],
  ['x-gzip', gzipSync(bomb)],
  ['gzip, gzip', gzipSync(gzipSync(bomb))],
  ['zstd', Buffer.from('none')],
] as const;

/** Every kind of wrong request. */
export const kinds: Record<string, Make> = {
  'cut-off JSON': body((random, _, good) => ({ body: good.slice(0, 1 + whole(random, good.length - 2)) })),
  'bytes that are no UTF-8': body((random, _, good) => {
    const bytes = Buffer.from(good);
    bytes[bytes.indexOf('ä')] = pick(random, [0xff, 0xc0, 0xf8, 0x80]);
    return { body: bytes };
  }),
  'another encoding': body((random, _, good) => ({ body: Buffer.from(good, pick(random, ['utf16le', 'latin1'])) })),
  'huge numbers': body((random, { good, number }) => {
    const digits = '9'.repeat(310 + whole(random, 3000));
    const written = pick(random, ['1e400', '-1e400', `1${digits}`, `-1${digits}.5`, `1e${digits.slice(0, 9)}`]);
    return { body: JSON.stringify({ ...good, [number]: '@' }).replace('"@"', written) };
  }),
  'deep nesting': body((random, { text }) => {
    const depth = 40 + whole(random, 300) * whole(random, 300);
    const [open, close] = pick(random, [
      ['[', ']'],
      ['{"a":', '}'],
      ['[{"a":[', ']}]'],
    ]) as [string, string];
    return { body: `{"${text}":${open.repeat(depth)}1${close.repeat(depth)}}` };
  }),
  'names of prototypes': body((random, _, good) => ({
    body: good.replace(
      '{',
      pick(random, [
        '{"__proto__":{"admin":true},',
        '{"constructor":{"prototype":{"admin":true}},',
        '{"\\u005f_proto__":{"polluted":1},',
      ]),
    ),
  })),
  'null characters and halves of characters': body((random, { good, text }) => {
    const wrong = JSON.stringify({ ...good, [text]: text === 'ids' ? ['@'] : '@' });
    return { body: wrong.replace('@', `a${pick(random, nulls)}b`) };
  }),
  'wrong types': body((random, { good, text, number }) => {
    const name = pick(random, [text, number]);
    const values: unknown[] = [true, {}, { length: 1 }, [[]], [null], [{}], { toString: 1 }, [[1]]];
    return { body: JSON.stringify({ ...good, [name]: pick(random, values) }) };
  }),
  'no object': body((random) => ({
    body: pick(random, ['[]', '[{}]', '"x"', '1', 'true', '{', '\0', 'NaN', '{}{}', "{'a':1}"]),
  })),
  'another media type': body((random, _, good) => ({ body: good, headers: { 'content-type': pick(random, types) } })),
  'compressed bombs': body((random) => {
    const [encoding, bytes] = pick(random, bombs);
    return { body: bytes, headers: { 'content-encoding': encoding } };
  }),
  'a compressed body that is not called so': body(() => ({ body: bombs[0][1] })),

  'a form that is cut off': form((random) => wholeForm.slice(0, whole(random, wholeForm.length - 4))),
  'a form of another boundary': form((random) => wholeForm.replaceAll('--b', `--c${whole(random, 1e6)}`)),
  'a form without its file': form((random) => {
    const names = ['x', '__proto__', 'file[]', 'FILE', '', 'a'.repeat(whole(random, 90))];
    return `${part(`; name="${pick(random, names)}"; filename="a.wav"`)}\r\n--b--\r\n`;
  }),
  'a form of noise': form((random) =>
    Array.from({ length: 1 + whole(random, 2000) }, () => pick(random, ['-', '\r\n', 'b', '"', '\0', ':'])).join(''),
  ),
  'a form with headers without end': form(
    (random) => `--b\r\nContent-Disposition: ${'a'.repeat(whole(random, 200_000))}`,
  ),
  'a form of no type': (random) => {
    const type = pick(random, [
      'multipart/form-data',
      'multipart/form-data; boundary=',
      'multipart/mixed; boundary=b',
      'multipart/form-data; boundary="',
    ]);
    return { path: upload, body: wholeForm, headers: { 'content-type': type } };
  },

  'a path with broken escapes': (random) => {
    const wrong = pick(random, [
      '%00',
      'a%00b',
      '%zz',
      '%',
      '%f',
      '%ff%fe',
      '%c0%af',
      '%ed%a0%80',
      'x'.repeat(1000 + whole(random, 5000)),
    ]);
    const [method, before, after] = pick(random, [
      ['GET', '/api/v3/predictions/', ''],
      ['GET', '/api/v3/predictions/', '/result'],
      ['GET', '/api/v3/predictions/', '/events'],
      ['DELETE', '/api/v3/predictions/', ''],
      ['DELETE', '/api/v3/keys/', ''],
      ['GET', '/files/', ''],
      ['POST', '/api/v3/', ''],
      ['GET', '/docs/static/', ''],
    ]) as [string, string, string];
    return { method, path: before + wrong + after };
  },
  'a path out of its folder': (random) => ({
    method: 'GET',
    path:
      pick(random, ['/files/', '/docs/static/', '/api/v3/predictions/', '/']) +
      pick(random, ['../', '..%2f', '%2e%2e/', '..\\', '....//']).repeat(1 + whole(random, 9)) +
      'etc/passwd',
  }),
  'a wrong query': (random) => {
    const [name, value] = pick(random, [
      ['page', 'x'],
      ['page', '-1'],
      ['page', '1&page=2'],
      ['page', '9'.repeat(400)],
      ['page_size', '101'],
      ['status', '%00'],
      ['model', '%00'],
      ['model', '1&model=2'],
      ['created_after', 'yesterday'],
      ['created_before', '99999-99-99'],
      ['include_inputs', 'perhaps'],
    ]);
    return { method: 'GET', path: `/api/v3/predictions?${name}=${value}` };
  },
  'a wrong webhook': (random) => {
    const urls = [
      '%00',
      'x',
      'file:///etc/passwd',
      'http://127.0.0.1/',
      'http://[::1]/',
      'javascript:1',
      `http://${'a'.repeat(300)}.example`,
      'http://u:p@10.0.0.1/',
      'a&webhook=b',
    ];
    return { path: `${root}/music?webhook=${pick(random, urls)}`, body: '{"prompt":"x"}' };
  },
  'a wrong header': (random) => {
    const headers = pick<Record<string, string>>(random, [
      { 'idempotency-key': 'a b' },
      { 'idempotency-key': 'ä' },
      { 'idempotency-key': 'x'.repeat(300 + whole(random, 4000)) },
      { authorization: 'Bearer' },
      { authorization: `Bearer ${'x'.repeat(whole(random, 5000))}` },
      { authorization: 'Basic YTpi' },
      { authorization: 'Bearer rt_ä' },
      { expect: 'miracles' },
    ]);
    return { path: `${root}/music`, body: '{"prompt":"x"}', headers };
  },
  'a method that is not there': (random) => ({
    method: pick(random, ['PATCH', 'TRACE', 'PROPFIND', 'LINK', 'PURGE', 'QUERY']),
    path: pick(random, [
      '/',
      '/healthz',
      '/metrics',
      '/openapi.json',
      `${root}/music`,
      '/api/v3/models',
      '/files/x',
      '/nowhere',
    ]),
    headers: { 'content-length': '0' },
  }),
};

const request = (...lines: string[]) => [...lines, '', ''].join('\r\n');

/** Requests that are barely HTTP, or not at all. */
export const noRequests: ((random: Random) => string | Uint8Array)[] = [
  () => 'hello\r\n\r\n',
  () => '\r\n\r\n\r\nhello\r\n\r\n',
  (random) => Buffer.from(Array.from({ length: 20 + whole(random, 500) }, () => 128 + whole(random, 128))),
  () => Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  () => request('GET /healthz HTTP/9.9', 'host: x'),
  () => request('GET /healthz HTTP/1.1'),
  () => request('GET  HTTP/1.1', 'host: x'),
  () => request('get /healthz HTTP/1.1', 'host: x'),
  (random) => request(`${'A'.repeat(1 + whole(random, 50))}Q / HTTP/1.1`, 'host: x'),
  () => request('GET /a b HTTP/1.1', 'host: x'),
  () => request('GET /\0 HTTP/1.1', 'host: x'),
  () => request('CONNECT example.com:443 HTTP/1.1', 'host: example.com:443'),
  () => request('GET /healthz HTTP/1.1', 'host: x', 'no colon here'),
  () => request('GET /healthz HTTP/1.1', 'host: x', 'x-a: a\0b'),
  () => request('GET /healthz HTTP/1.1', 'host: x', 'x a: b'),
  () => request('GET /healthz HTTP/1.1', 'host: x', ': b'),
  (random) => request('GET /healthz HTTP/1.1', 'host: x', `x-large: ${'a'.repeat(20_000 + whole(random, 200_000))}`),
  (random) => request(`GET /${'a'.repeat(20_000 + whole(random, 100_000))} HTTP/1.1`, 'host: x'),
  () => request('POST /api/v3/x HTTP/1.1', 'host: x', 'content-length: 1', 'content-length: 2'),
  () => request('POST /api/v3/x HTTP/1.1', 'host: x', 'content-length: -1'),
  () => request('POST /api/v3/x HTTP/1.1', 'host: x', 'content-length: 1e3'),
  () => request('POST /api/v3/x HTTP/1.1', 'host: x', 'content-length: 99999999999999999999'),
  () => request('POST /api/v3/x HTTP/1.1', 'host: x', 'content-length: 1', 'transfer-encoding: chunked'),
  () => request('POST /api/v3/x HTTP/1.1', 'host: x', 'transfer-encoding: gzip'),
  (random) =>
    `${request('POST /api/v3/x HTTP/1.1', 'host: x', 'transfer-encoding: chunked')}${pick(random, ['zz', '-1', 'ffffffffffffffffffff', '\0'])}\r\nabc\r\n`,
];
