import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { checkUrl, guardedFetch } from '@retone/storage';
import { describe, expect, test } from 'vitest';
import { guardErrorOf } from './errors.ts';
import { GuardedServer } from './guarded.ts';

const at = new GuardedServer();

describe('size', () => {
  const content = Buffer.from('0123456789'.repeat(100));

  test.each([
    ['announced', (response: ServerResponse) => void response.writeHead(200, { 'content-length': 1000 }).end(content)],
    ['not announced', (response: ServerResponse) => void Readable.from([content]).pipe(response)],
  ])('%s', async (_, respond) => {
    at.listener = (__, response) => respond(response);
    expect(content.equals(await at.fetchBytes('/', { maxBytes: 1000 }))).toBe(true);
    await guardErrorOf(at.fetchBytes('/', { maxBytes: 999 }), 'too-large');
  });

  test('what is too large is not read on', async () => {
    const closed = Promise.withResolvers<void>();
    at.listener = (request, response) => {
      request.socket.on('close', () => closed.resolve());
      const more = () => {
        while (response.write(content));
        response.once('drain', more);
      };
      more();
    };
    await guardErrorOf(at.fetchBytes('/'), 'too-large');
    await closed.promise;
  });

  test('of the body alone: a status is an answer whatever comes after', async () => {
    at.listener = (_, response) => void response.writeHead(200, { 'content-length': 1000 }).end(content);
    const response = await guardedFetch(at.server.origin, { ...at.options, maxBytes: 10 });
    expect(response.status).toBe(200);
    response.close();
  });
});

describe('compression that was not asked for', () => {
  const content = Buffer.from('some words '.repeat(1000));
  const compress: Record<string, (bytes: Buffer) => Buffer> = {
    gzip: (bytes) => gzipSync(bytes),
    'X-GZIP': (bytes) => gzipSync(bytes),
    deflate: (bytes) => deflateSync(bytes),
    br: (bytes) => brotliCompressSync(bytes),
    zstd: (bytes) => zstdCompressSync(bytes),
  };

  function sends(encoding: string, bytes: Buffer): void {
    at.listener = (_, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(bytes);
  }

  test.each(Object.keys(compress))('%s is undone', async (encoding) => {
    sends(encoding, compress[encoding]!(content));
    expect(content.equals(await at.fetchBytes('/'))).toBe(true);
  });

  test.each(Object.keys(compress))('a bomb of %s ends at the limit', async (encoding) => {
    const bomb = compress[encoding]!(Buffer.alloc(64_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    sends(encoding, bomb);
    await guardErrorOf(at.fetchBytes('/'), 'too-large');
  });

  test('a bomb of nothing ends at the limit', async () => {
    const nothing = Buffer.concat(new Array<Buffer>(100_000).fill(gzipSync('')));
    expect(nothing.length).toBeGreaterThan(1_000_000);
    sends('gzip', nothing);
    await guardErrorOf(at.fetchBytes('/'), 'too-large');
  });

  test.each(Object.keys(compress))('damaged %s', async (encoding) => {
    sends(encoding, compress[encoding]!(content).subarray(0, -5));
    await guardErrorOf(at.fetchBytes('/'), 'bad-encoding');
    sends(encoding, Buffer.from('not compressed at all'));
    await guardErrorOf(at.fetchBytes('/'), 'bad-encoding');
  });

  test.each(['compress', 'gzip, gzip', 'constructor', 'aws-chunked'])('%s is not known', async (encoding) => {
    sends(encoding, gzipSync(content));
    await guardErrorOf(at.fetchBytes('/'), 'bad-encoding');
  });

  test('a connection that breaks is not taken for damage', async () => {
    at.listener = (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 5000 });
      response.write(gzipSync(content).subarray(0, 20), () => response.destroy());
    };
    await guardErrorOf(at.fetchBytes('/'), 'unreachable');
  });
});

describe('time', () => {
  /** Resolves once the server sees that a connection is closed. */
  let closed: Promise<unknown>;
  /** A body that starts and does not end. */
  const hanging: RequestListener = ({ socket }, response) => {
    closed = once(socket, 'close');
    response.write('some');
  };

  test('a body that does not end', async () => {
    at.listener = hanging;
    await guardErrorOf(at.fetchBytes('/', { timeoutMs: 100 }), 'timeout');
  });

  test('a compressed one', async () => {
    at.listener = (_, response) =>
      void response.writeHead(200, { 'content-encoding': 'gzip' }).write(gzipSync('a').subarray(0, 10));
    await guardErrorOf(at.fetchBytes('/', { timeoutMs: 100 }), 'timeout');
  });

  test('a head that does not come', async () => {
    at.listener = () => {};
    await guardErrorOf(at.fetchBytes('/', { timeoutMs: 50 }), 'timeout');
  });

  test('a name that is not found in time', async () => {
    const resolve = () => new Promise<string[]>(() => {});
    const slow = { ...at.options, resolve, timeoutMs: 20 };
    await guardErrorOf(guardedFetch('http://slow.example/', slow), 'timeout');
    await guardErrorOf(checkUrl('http://slow.example/', slow), 'timeout');
  });

  test('a body that nobody reads is closed', async () => {
    at.listener = hanging;
    // On a busy machine the time may be over before the response comes: there is nothing to see then.
    await guardedFetch(at.server.origin, { ...at.options, timeoutMs: 1000 }).catch(() => {});
    await closed;
  });

  test('a signal stops it', async () => {
    at.listener = hanging;
    const stop = new AbortController();
    const { body } = await guardedFetch(at.server.origin, { ...at.options, signal: stop.signal });
    const chunks = body[Symbol.asyncIterator]();
    expect(Buffer.from((await chunks.next()).value!).toString()).toBe('some');
    const next = chunks.next();
    stop.abort();
    await guardErrorOf(next, 'aborted');
    await closed;
    await guardErrorOf(guardedFetch(at.server.origin, { ...at.options, signal: stop.signal }), 'aborted');
    await guardErrorOf(checkUrl(at.server.origin, { ...at.options, signal: stop.signal }), 'aborted');
    expect(at.server.connections()).toBe(1);
  });

  test('leaving the body closes the connection', async () => {
    at.listener = hanging;
    for await (const _ of (await guardedFetch(at.server.origin, at.options)).body) break;
    await closed;
  });

  test.each([
    ['announced as too long', { 'content-length': '5000000' }],
    ['in an unknown compression', { 'content-encoding': 'compress' }],
  ])('so does a body %s', async (_, headers) => {
    at.listener = ({ socket }, response) => {
      closed = once(socket, 'close');
      response.writeHead(200, headers).write('some');
    };
    await guardErrorOf(at.fetchBytes('/'), 'too-large', 'bad-encoding');
    await closed;
  });

  test('so does close', async () => {
    at.listener = hanging;
    (await guardedFetch(at.server.origin, at.options)).close();
    await closed;
  });
});
