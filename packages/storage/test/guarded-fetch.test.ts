import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setDefaultCACertificates } from 'node:tls';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { checkUrl, type GuardedResponse, type GuardOptions, guardedFetch } from '@retone/storage';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cert, key } from './certificate.ts';
import { guardErrorOf } from './errors.ts';
import { startServer, type TestServer } from './servers.ts';

let server: TestServer;
/** The server's behaviour for a request. */
let listener: RequestListener;
let options: GuardOptions;
beforeEach(async () => {
  server = await startServer((request, response) => listener(request, response));
  options = { allowHosts: [`127.0.0.1:${server.port}`], maxBytes: 1_000_000, timeoutMs: 60_000 };
});
afterEach(() => server.close());

async function bytesOf({ body }: GuardedResponse): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A whole request: the error may come before the response or in its body. */
async function fetchBytes(path: string, changes: Partial<GuardOptions> = {}): Promise<Buffer> {
  return bytesOf(await guardedFetch(server.origin + path, { ...options, ...changes }));
}

/** Answers that a response is redirected by. */
function redirects(to: Record<string, string>): RequestListener {
  return (request, response) => {
    const location = to[request.url!];
    if (location === undefined) response.end(`${request.method} ${request.url}`);
    else response.writeHead(302, { location }).end('elsewhere');
  };
}

describe('a request', () => {
  test('gives the status, the headers and the body', async () => {
    listener = (_, response) =>
      void response.writeHead(404, { 'content-type': 'audio/wav', 'x-a': ['1', '2'] }).end('no');
    const response = await guardedFetch(`${server.origin}/take.wav?a=b#part`, options);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('audio/wav');
    expect(response.headers.get('x-a')).toBe('1, 2');
    expect(response.url).toBe(`${server.origin}/take.wav?a=b#part`);
    expect((await bytesOf(response)).toString()).toBe('no');
  });

  test('sends what it is given, and asks for no compression', async () => {
    let seen: IncomingMessage | undefined;
    listener = async (request, response) => {
      seen = request;
      response.end(`${request.method} ${request.url} ${await text(request)}`);
    };
    const response = await guardedFetch(`${server.origin}/hook?x=%20`, {
      ...options,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'webhook-id': '7' },
      body: '{"ä":1}',
    });
    expect((await bytesOf(response)).toString()).toBe('POST /hook?x=%20 {"ä":1}');
    expect(seen?.headers).toMatchObject({
      host: `127.0.0.1:${server.port}`,
      connection: 'close',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      'content-length': '8',
      'webhook-id': '7',
    });
  });

  test('HEAD has no body, whatever the headers say', async () => {
    listener = (_, response) =>
      void response.writeHead(200, { 'content-length': 5e9, 'content-encoding': 'gzip' }).end();
    const response = await guardedFetch(server.origin, { ...options, method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('5000000000');
    expect(await bytesOf(response)).toHaveLength(0);
  });

  test('reaches what is allowed by name, address or network', async () => {
    listener = (request, response) => void response.end(request.headers.host);
    const { port } = server;
    const resolve = async () => ['127.0.0.1'];
    for (const [host, allowed] of [
      ['127.0.0.1', '127.0.0.1'],
      ['127.0.0.1', '127.0.0.0/8'],
      ['127.1', `127.0.0.1:${port}`],
      ['files.internal', 'files.internal'],
      ['FILES.internal.', `Files.Internal:${port}`],
      ['files.internal', '127.0.0.1'],
    ] as const) {
      const response = await guardedFetch(`http://${host}:${port}/`, { ...options, resolve, allowHosts: [allowed] });
      expect((await bytesOf(response)).toString()).toBe(
        `${host.replace('127.1', '127.0.0.1').toLowerCase().replace(/\.$/, '')}:${port}`,
      );
    }
  });

  test('a name is tried at each of its addresses', async () => {
    listener = (_, response) => void response.end('here');
    const resolve = async () => ['::1', '127.0.0.1'];
    const url = `http://files.internal:${server.port}/`;
    expect(
      (await bytesOf(await guardedFetch(url, { ...options, resolve, allowHosts: ['files.internal'] }))).toString(),
    ).toBe('here');
  });

  test('bypasses the proxy of the environment', async () => {
    listener = (_, response) => void response.end('direct');
    const proxy = await startServer((_, response) => void response.end('proxied'));
    // Node itself uses the proxy with these settings; that shows that they work.
    const script = `
      import { get } from 'node:http';
      import { guardedFetch } from '@retone/storage';
      const [origin, options] = [process.argv[1], JSON.parse(process.argv[2])];
      const { body } = await guardedFetch(origin, options);
      for await (const chunk of body) console.log(Buffer.from(chunk).toString());
      get(origin, (response) => response.pipe(process.stdout));`;
    const child = spawn(
      process.execPath,
      ['--input-type=module', '--eval', script, server.origin, JSON.stringify(options)],
      {
        cwd: import.meta.dirname,
        env: {
          ...process.env,
          NODE_USE_ENV_PROXY: '1',
          HTTP_PROXY: proxy.origin,
          http_proxy: proxy.origin,
          NO_PROXY: '',
          no_proxy: '',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    expect(await text(child.stdout)).toBe('direct\nproxied');
    expect([server.connections(), proxy.connections()]).toEqual([1, 1]);
    await proxy.close();
  });

  test('no one is there', async () => {
    await server.close();
    const error = await guardErrorOf(fetchBytes('/'), 'unreachable');
    expect(error.message).toBe('The connection to "127.0.0.1" failed.');
    server = await startServer(() => {});
  });

  test.each([
    ['nothing', ''],
    ['what is not HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['less than announced', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
    ['an unfinished chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(100_000)}`],
    ['a header that is none', 'HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n'],
  ])('the server says %s', async (_, said) => {
    listener = ({ socket }) => void socket.end(said);
    await guardErrorOf(fetchBytes('/'), 'unreachable');
  });

  test.each([
    '',
    'a b',
    'http://files.internal',
    'files.internal:x',
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/8:80',
    '::1/x',
    `${'*'.repeat(3)}/8`,
  ])('%j is not a host to allow', async (entry) => {
    await guardErrorOf(guardedFetch('http://public.example/', { ...options, allowHosts: [entry] }), 'invalid');
  });
});

describe('redirects', () => {
  test('are followed', async () => {
    listener = redirects({
      '/1': '/2',
      '/2': `${server.origin}/3`,
      '/3': '4?x',
      '/4?x': `//127.0.0.1:${server.port}/5`,
    });
    const response = await guardedFetch(`${server.origin}/1`, options);
    expect(response.url).toBe(`${server.origin}/5`);
    expect((await bytesOf(response)).toString()).toBe('GET /5');
  });

  test('are counted', async () => {
    listener = redirects({ '/1': '/2', '/2': '/3', '/3': '/4', '/4': '/5', '/5': '/6' });
    expect((await fetchBytes('/1')).toString()).toBe('GET /6');
    await guardErrorOf(fetchBytes('/1', { maxRedirects: 4 }), 'redirects');
    await guardErrorOf(fetchBytes('/5', { maxRedirects: 0 }), 'redirects');
    listener = redirects({ '/loop': '/loop' });
    await guardErrorOf(fetchBytes('/loop'), 'redirects');
  });

  test('without a location are answers', async () => {
    listener = (_, response) => void response.writeHead(302).end('nowhere');
    expect((await fetchBytes('/')).toString()).toBe('nowhere');
  });

  test('may have UTF-8 in them', async () => {
    listener = redirects({ '/': Buffer.from('/käse').toString('latin1') });
    expect((await fetchBytes('/')).toString()).toBe('GET /k%C3%A4se');
  });

  test.each([
    [301, 'POST', 'GET '],
    [302, 'POST', 'GET '],
    [303, 'POST', 'GET '],
    [303, 'PUT', 'GET '],
    [302, 'PUT', 'PUT body'],
    [307, 'POST', 'POST body'],
    [308, 'POST', 'POST body'],
  ])('%i of a %s', async (status, method, expected) => {
    listener = async (request, response) => {
      if (request.url === '/') response.writeHead(status, { location: '/next' }).end();
      else response.end(`${request.method} ${await text(request)}${request.headers['content-type'] ?? ''}`);
    };
    const headers = { 'Content-Type': '' };
    const response = await guardedFetch(server.origin, { ...options, method, headers, body: 'body' });
    expect((await bytesOf(response)).toString()).toBe(expected);
  });

  test('secrets stay with the host they are for', async () => {
    listener = (request, response) => {
      if (request.url === '/away') response.writeHead(307, { location: `http://files.internal:${server.port}/` }).end();
      else if (request.url === '/within') response.writeHead(307, { location: '/' }).end();
      else
        response.end(JSON.stringify([request.headers.authorization, request.headers.cookie, request.headers.accept]));
    };
    const headers = { Authorization: 'Bearer key', Cookie: 'a=b', Accept: 'audio/*' };
    const resolve = async () => ['127.0.0.1'];
    const fetchJson = async (path: string) =>
      JSON.parse(
        (await bytesOf(await guardedFetch(server.origin + path, { ...options, headers, resolve }))).toString(),
      );
    expect(await fetchJson('/within')).toEqual(['Bearer key', 'a=b', 'audio/*']);
    expect(await fetchJson('/away')).toEqual([null, null, 'audio/*']);
  });
});

describe('https', () => {
  let secure: TestServer;
  beforeEach(async () => {
    setDefaultCACertificates([cert]);
    secure = await startServer((request, response) => listener(request, response), { tls: { cert, key } });
    options = {
      ...options,
      allowHosts: ['127.0.0.1'],
      resolve: async () => ['127.0.0.1'],
    };
  });
  afterEach(() => secure.close());

  test('the certificate is that of the name, not of the address', async () => {
    listener = (request, response) => void response.end(request.headers.host);
    const response = await guardedFetch(`https://files.example:${secure.port}/`, options);
    expect((await bytesOf(response)).toString()).toBe(`files.example:${secure.port}`);
    await guardErrorOf(guardedFetch(`https://other.example:${secure.port}/`, options), 'unreachable');
    await guardErrorOf(guardedFetch(`https://127.0.0.1:${secure.port}/`, options), 'unreachable');
  });

  test('is not left by a redirect', async () => {
    listener = redirects({ '/down': `${server.origin}/`, '/up': `https://files.example:${secure.port}/` });
    await guardErrorOf(guardedFetch(`https://files.example:${secure.port}/down`, options), 'redirects');
    expect((await guardedFetch(`${server.origin}/up`, options)).url).toBe(`https://files.example:${secure.port}/`);
  });
});

describe('size', () => {
  const content = Buffer.from('0123456789'.repeat(100));

  test.each([
    ['announced', (response: ServerResponse) => void response.writeHead(200, { 'content-length': 1000 }).end(content)],
    ['not announced', (response: ServerResponse) => void Readable.from([content]).pipe(response)],
  ])('%s', async (_, respond) => {
    listener = (__, response) => respond(response);
    expect(content.equals(await fetchBytes('/', { maxBytes: 1000 }))).toBe(true);
    await guardErrorOf(fetchBytes('/', { maxBytes: 999 }), 'too-large');
  });

  test('what is too large is not read on', async () => {
    const closed = Promise.withResolvers<void>();
    listener = (request, response) => {
      request.socket.on('close', () => closed.resolve());
      const more = () => {
        while (response.write(content));
        response.once('drain', more);
      };
      more();
    };
    await guardErrorOf(fetchBytes('/'), 'too-large');
    await closed.promise;
  });

  test('of the body alone: a status is an answer whatever comes after', async () => {
    listener = (_, response) => void response.writeHead(200, { 'content-length': 1000 }).end(content);
    const response = await guardedFetch(server.origin, { ...options, maxBytes: 10 });
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
    listener = (_, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(bytes);
  }

  test.each(Object.keys(compress))('%s is undone', async (encoding) => {
    sends(encoding, compress[encoding]!(content));
    expect(content.equals(await fetchBytes('/'))).toBe(true);
  });

  test.each(Object.keys(compress))('a bomb of %s ends at the limit', async (encoding) => {
    const bomb = compress[encoding]!(Buffer.alloc(64_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    sends(encoding, bomb);
    await guardErrorOf(fetchBytes('/'), 'too-large');
  });

  test('a bomb of nothing ends at the limit', async () => {
    const nothing = Buffer.concat(new Array<Buffer>(100_000).fill(gzipSync('')));
    expect(nothing.length).toBeGreaterThan(1_000_000);
    sends('gzip', nothing);
    await guardErrorOf(fetchBytes('/'), 'too-large');
  });

  test.each(Object.keys(compress))('damaged %s', async (encoding) => {
    sends(encoding, compress[encoding]!(content).subarray(0, -5));
    await guardErrorOf(fetchBytes('/'), 'bad-encoding');
    sends(encoding, Buffer.from('not compressed at all'));
    await guardErrorOf(fetchBytes('/'), 'bad-encoding');
  });

  test.each(['compress', 'gzip, gzip', 'constructor', 'aws-chunked'])('%s is not known', async (encoding) => {
    sends(encoding, gzipSync(content));
    await guardErrorOf(fetchBytes('/'), 'bad-encoding');
  });

  test('a connection that breaks is not taken for damage', async () => {
    listener = (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 5000 });
      response.write(gzipSync(content).subarray(0, 20), () => response.destroy());
    };
    await guardErrorOf(fetchBytes('/'), 'unreachable');
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
    listener = hanging;
    await guardErrorOf(fetchBytes('/', { timeoutMs: 100 }), 'timeout');
  });

  test('a compressed one', async () => {
    listener = (_, response) =>
      void response.writeHead(200, { 'content-encoding': 'gzip' }).write(gzipSync('a').subarray(0, 10));
    await guardErrorOf(fetchBytes('/', { timeoutMs: 100 }), 'timeout');
  });

  test('a head that does not come', async () => {
    listener = () => {};
    await guardErrorOf(fetchBytes('/', { timeoutMs: 50 }), 'timeout');
  });

  test('a name that is not found in time', async () => {
    const resolve = () => new Promise<string[]>(() => {});
    const slow = { ...options, resolve, timeoutMs: 20 };
    await guardErrorOf(guardedFetch('http://slow.example/', slow), 'timeout');
    await guardErrorOf(checkUrl('http://slow.example/', slow), 'timeout');
  });

  test('a body that nobody reads is closed', async () => {
    listener = hanging;
    // On a busy machine the time may be over before the response comes: there is nothing to see then.
    await guardedFetch(server.origin, { ...options, timeoutMs: 1000 }).catch(() => {});
    await closed;
  });

  test('a signal stops it', async () => {
    listener = hanging;
    const stop = new AbortController();
    const { body } = await guardedFetch(server.origin, { ...options, signal: stop.signal });
    const chunks = body[Symbol.asyncIterator]();
    expect(Buffer.from((await chunks.next()).value!).toString()).toBe('some');
    const next = chunks.next();
    stop.abort();
    await guardErrorOf(next, 'aborted');
    await closed;
    await guardErrorOf(guardedFetch(server.origin, { ...options, signal: stop.signal }), 'aborted');
    await guardErrorOf(checkUrl(server.origin, { ...options, signal: stop.signal }), 'aborted');
    expect(server.connections()).toBe(1);
  });

  test('leaving the body closes the connection', async () => {
    listener = hanging;
    for await (const _ of (await guardedFetch(server.origin, options)).body) break;
    await closed;
  });

  test.each([
    ['announced as too long', { 'content-length': '5000000' }],
    ['in an unknown compression', { 'content-encoding': 'compress' }],
  ])('so does a body %s', async (_, headers) => {
    listener = ({ socket }, response) => {
      closed = once(socket, 'close');
      response.writeHead(200, headers).write('some');
    };
    await guardErrorOf(fetchBytes('/'), 'too-large', 'bad-encoding');
    await closed;
  });

  test('so does close', async () => {
    listener = hanging;
    (await guardedFetch(server.origin, options)).close();
    await closed;
  });
});
