import { type GuardOptions, sourceBytes } from '@retone/storage';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardErrorOf } from './errors.ts';
import { startServer, type TestServer } from './servers.ts';

const content = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
const base64 = content.toString('base64');
const limits: GuardOptions = { maxBytes: 256, timeoutMs: 60_000 };

describe('a URL', () => {
  let server: TestServer;
  let status = 200;
  beforeAll(async () => {
    server = await startServer((_, response) => void response.writeHead(status).end(content));
  });
  afterAll(() => server.close());

  test.each([200, 203, 206])('answered with %i', async (answered) => {
    status = answered;
    const bytes = await sourceBytes(` ${server.origin}/take.wav\n`, { ...limits, allowHosts: ['127.0.0.1'] });
    expect(content.equals(bytes)).toBe(true);
  });

  test.each([304, 400, 404, 500])('answered with %i', async (answered) => {
    status = answered;
    const { message } = await guardErrorOf(
      sourceBytes(server.origin, { ...limits, allowHosts: ['127.0.0.1'] }),
      'http-status',
    );
    expect(message).toBe(`"127.0.0.1:${server.port}" answered ${answered} instead of the file`);
  });

  test('of a large file', async () => {
    status = 200;
    const options = { ...limits, allowHosts: ['127.0.0.1'], maxBytes: 255 };
    await guardErrorOf(sourceBytes(server.origin, options), 'too-large');
  });
});

test.each([
  ['base64', base64],
  ['base64 in lines', base64.replace(/.{76}/g, '$&\r\n')],
  ['base64 without padding', base64.replace(/=+$/, '')],
  ['a data URI', `data:audio/wav;base64,${base64}`],
  ['a data URI in capitals', `DATA:Audio/WAV;BASE64,${base64}`],
  ['a data URI with parameters', `data:audio/ogg;codecs="opus";base64,${base64}`],
  ['a data URI without a type', `data:;base64,${base64}`],
  ['base64 that is escaped', `data:audio/wav;base64,${encodeURIComponent(base64)}`],
  ['escapes', `data:audio/wav,${[...content].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`],
])('%s', async (_, value) => {
  expect(content.equals(await sourceBytes(value, limits))).toBe(true);
  await guardErrorOf(sourceBytes(value, { ...limits, maxBytes: 255 }), 'too-large');
});

test.each([
  ['data:,', ''],
  ['data:audio/wav;base64,', ''],
  ['data:text/plain,a%20b+c', 'a b+c'],
  ['data:,käse', 'käse'],
  ['data:,a,b', 'a,b'],
  ['data:;base64,YQ', 'a'],
  ['data:;base64,YWI=', 'ab'],
  ['data:;base64, Y W I = ', 'ab'],
])('%j', async (value, expected) => {
  expect(Buffer.from(await sourceBytes(value, limits)).toString()).toBe(expected);
});

test.each([
  '',
  ' ',
  'take.wav',
  'take',
  '/home/music/take',
  '../take.wav',
  'C:\\music\\take.wav',
  'file:///home/music/take.wav',
  'ftp://files.example/take.wav',
  's3://bucket/take.wav',
  'blob:https://files.example/1',
  '//files.example/take.wav',
  'data:',
  'data:audio/wav;base64',
  'data:;base64,Y',
  'data:;base64,YQ=',
  'data:;base64,YQ===',
  'data:;base64,YQ==YQ==',
  'data:;base64,Y-_Q',
  'data:;base64,YQ==.',
  'data:;base64,Yé==',
  'data:;base64,%zz',
  'data:,%',
  'data:,%4',
  'data:,%4g',
  'data:,100%',
  `${base64}!`,
  `-${base64}`,
  `${base64}${base64}`,
  '{"audio": "take.wav"}'.repeat(5),
])('%j is not a source', async (value) => {
  const { message } = await guardErrorOf(sourceBytes(value, { ...limits, maxBytes: 1000 }), 'bad-source');
  expect(message).toMatch(/^".*" is not a file: give an http or https URL, a data URI or base64$/);
});

test('what was given is shortened in the message', async () => {
  const { message } = await guardErrorOf(sourceBytes('?\n'.repeat(100), { ...limits, maxBytes: 1e6 }), 'bad-source');
  expect(message).toContain('…"');
});

test('a long one of many megabytes', async () => {
  const long = Buffer.alloc(30_000_000, content);
  const options = { ...limits, maxBytes: long.length };
  expect(long.equals(await sourceBytes(long.toString('base64'), options))).toBe(true);
  await guardErrorOf(sourceBytes(`${long.toString('base64')}!`, options), 'bad-source');
  // Neither line breaks nor escapes are a way past the limit.
  await guardErrorOf(sourceBytes(`data:;base64,${'\n'.repeat(100_000)}`, limits), 'too-large');
  await guardErrorOf(sourceBytes('A'.repeat(100_000), limits), 'too-large');
});
