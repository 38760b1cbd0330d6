import { spawn } from 'node:child_process';
import type { IncomingMessage, RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { setDefaultCACertificates } from 'node:tls';
import { guardedFetch } from '@retone/storage';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cert, key } from './certificate.ts';
import { guardErrorOf } from './errors.ts';
import { bytesOf, GuardedServer } from './guarded.ts';
import { startServer, type TestServer } from './servers.ts';

const at = new GuardedServer();

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
    at.listener = (_, response) =>
      void response.writeHead(404, { 'content-type': 'audio/wav', 'x-a': ['1', '2'] }).end('no');
    const response = await guardedFetch(`${at.server.origin}/take.wav?a=b#part`, at.options);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('audio/wav');
    expect(response.headers.get('x-a')).toBe('1, 2');
    expect(response.url).toBe(`${at.server.origin}/take.wav?a=b#part`);
    expect((await bytesOf(response)).toString()).toBe('no');
  });

  test('sends what it is given, and asks for no compression', async () => {
    let seen: IncomingMessage | undefined;
    at.listener = async (request, response) => {
      seen = request;
      response.end(`${request.method} ${request.url} ${await text(request)}`);
    };
    const response = await guardedFetch(`${at.server.origin}/hook?x=%20`, {
      ...at.options,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'webhook-id': '7' },
      body: '{"ä":1}',
    });
    expect((await bytesOf(response)).toString()).toBe('POST /hook?x=%20 {"ä":1}');
    expect(seen?.headers).toMatchObject({
      host: `127.0.0.1:${at.server.port}`,
      connection: 'close',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      'content-length': '8',
      'webhook-id': '7',
    });
  });

  test('HEAD has no body, whatever the headers say', async () => {
    at.listener = (_, response) =>
      void response.writeHead(200, { 'content-length': 5e9, 'content-encoding': 'gzip' }).end();
    const response = await guardedFetch(at.server.origin, { ...at.options, method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('5000000000');
    expect(await bytesOf(response)).toHaveLength(0);
  });

  test('reaches what is allowed by name, address or network', async () => {
    at.listener = (request, response) => void response.end(request.headers.host);
    const { port } = at.server;
    const resolve = async () => ['127.0.0.1'];
    for (const [host, allowed] of [
      ['127.0.0.1', '127.0.0.1'],
      ['127.0.0.1', '127.0.0.0/8'],
      ['127.1', `127.0.0.1:${port}`],
      ['files.internal', 'files.internal'],
      ['FILES.internal.', `Files.Internal:${port}`],
      ['files.internal', '127.0.0.1'],
    ] as const) {
      const response = await guardedFetch(`http://${host}:${port}/`, { ...at.options, resolve, allowHosts: [allowed] });
      expect((await bytesOf(response)).toString()).toBe(
        `${host.replace('127.1', '127.0.0.1').toLowerCase().replace(/\.$/, '')}:${port}`,
      );
    }
  });

  test('a name is tried at each of its addresses', async () => {
    at.listener = (_, response) => void response.end('here');
    const resolve = async () => ['::1', '127.0.0.1'];
    const url = `http://files.internal:${at.server.port}/`;
    expect(
      (await bytesOf(await guardedFetch(url, { ...at.options, resolve, allowHosts: ['files.internal'] }))).toString(),
    ).toBe('here');
  });

  test('bypasses the proxy of the environment', async () => {
    at.listener = (_, response) => void response.end('direct');
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
      ['--input-type=module', '--eval', script, at.server.origin, JSON.stringify(at.options)],
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
    expect([at.server.connections(), proxy.connections()]).toEqual([1, 1]);
    await proxy.close();
  });

  test('no one is there', async () => {
    await at.server.close();
    const error = await guardErrorOf(at.fetchBytes('/'), 'unreachable');
    expect(error.message).toBe('the connection to "127.0.0.1" failed');
    at.server = await startServer(() => {});
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
    at.listener = ({ socket }) => void socket.end(said);
    await guardErrorOf(at.fetchBytes('/'), 'unreachable');
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
    await guardErrorOf(guardedFetch('http://public.example/', { ...at.options, allowHosts: [entry] }), 'invalid');
  });
});

describe('redirects', () => {
  test('are followed', async () => {
    at.listener = redirects({
      '/1': '/2',
      '/2': `${at.server.origin}/3`,
      '/3': '4?x',
      '/4?x': `//127.0.0.1:${at.server.port}/5`,
    });
    const response = await guardedFetch(`${at.server.origin}/1`, at.options);
    expect(response.url).toBe(`${at.server.origin}/5`);
    expect((await bytesOf(response)).toString()).toBe('GET /5');
  });

  test('are counted', async () => {
    at.listener = redirects({ '/1': '/2', '/2': '/3', '/3': '/4', '/4': '/5', '/5': '/6' });
    expect((await at.fetchBytes('/1')).toString()).toBe('GET /6');
    await guardErrorOf(at.fetchBytes('/1', { maxRedirects: 4 }), 'redirects');
    await guardErrorOf(at.fetchBytes('/5', { maxRedirects: 0 }), 'redirects');
    at.listener = redirects({ '/loop': '/loop' });
    await guardErrorOf(at.fetchBytes('/loop'), 'redirects');
  });

  test('without a location are answers', async () => {
    at.listener = (_, response) => void response.writeHead(302).end('nowhere');
    expect((await at.fetchBytes('/')).toString()).toBe('nowhere');
  });

  test('may have UTF-8 in them', async () => {
    at.listener = redirects({ '/': Buffer.from('/käse').toString('latin1') });
    expect((await at.fetchBytes('/')).toString()).toBe('GET /k%C3%A4se');
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
    at.listener = async (request, response) => {
      if (request.url === '/') response.writeHead(status, { location: '/next' }).end();
      else response.end(`${request.method} ${await text(request)}${request.headers['content-type'] ?? ''}`);
    };
    const headers = { 'Content-Type': '' };
    const response = await guardedFetch(at.server.origin, { ...at.options, method, headers, body: 'body' });
    expect((await bytesOf(response)).toString()).toBe(expected);
  });

  test('secrets stay with the host they are for', async () => {
    at.listener = (request, response) => {
      if (request.url === '/away')
        response.writeHead(307, { location: `http://files.internal:${at.server.port}/` }).end();
      else if (request.url === '/within') response.writeHead(307, { location: '/' }).end();
      else
        response.end(JSON.stringify([request.headers.authorization, request.headers.cookie, request.headers.accept]));
    };
    const headers = { Authorization: 'Bearer key', Cookie: 'a=b', Accept: 'audio/*' };
    const resolve = async () => ['127.0.0.1'];
    const fetchJson = async (path: string) =>
      JSON.parse(
        (await bytesOf(await guardedFetch(at.server.origin + path, { ...at.options, headers, resolve }))).toString(),
      );
    expect(await fetchJson('/within')).toEqual(['Bearer key', 'a=b', 'audio/*']);
    expect(await fetchJson('/away')).toEqual([null, null, 'audio/*']);
  });
});

describe('https', () => {
  let secure: TestServer;
  beforeEach(async () => {
    setDefaultCACertificates([cert]);
    secure = await startServer((request, response) => at.listener(request, response), { tls: { cert, key } });
    at.options = {
      ...at.options,
      allowHosts: ['127.0.0.1'],
      resolve: async () => ['127.0.0.1'],
    };
  });
  afterEach(() => secure.close());

  test('the certificate is that of the name, not of the address', async () => {
    at.listener = (request, response) => void response.end(request.headers.host);
    const response = await guardedFetch(`https://files.example:${secure.port}/`, at.options);
    expect((await bytesOf(response)).toString()).toBe(`files.example:${secure.port}`);
    await guardErrorOf(guardedFetch(`https://other.example:${secure.port}/`, at.options), 'unreachable');
    await guardErrorOf(guardedFetch(`https://127.0.0.1:${secure.port}/`, at.options), 'unreachable');
  });

  test('is not left by a redirect', async () => {
    at.listener = redirects({ '/down': `${at.server.origin}/`, '/up': `https://files.example:${secure.port}/` });
    await guardErrorOf(guardedFetch(`https://files.example:${secure.port}/down`, at.options), 'redirects');
    expect((await guardedFetch(`${at.server.origin}/up`, at.options)).url).toBe(
      `https://files.example:${secure.port}/`,
    );
  });
});
