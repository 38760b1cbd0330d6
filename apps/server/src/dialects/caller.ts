import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Retone, RetoneError } from '@retone/client';
import type { FastifyInstance, FastifyRequest, InjectOptions } from 'fastify';

/** The API as whoever sent a request may use it: calls stay in this process, and are counted and logged as requests. */
export function callerOf(app: FastifyInstance, request: FastifyRequest, key: string): Retone {
  return new Retone({ url: request.publicUrl, key, fetch: insideFetch(app, request), tries: 1 });
}

/** The key in `Authorization: <scheme> <key>`; empty if there is none, which the API refuses. */
export function keyOf({ headers }: FastifyRequest, scheme: string): string {
  const [given, key = ''] = (headers.authorization ?? '').split(' ');
  return given?.toLowerCase() === scheme.toLowerCase() && /^[\x21-\x7e]+$/.test(key) ? key : '';
}

/**
 * Sends the API a request that its client has no method for, and returns the answer's data.
 *
 * @throws RetoneError
 */
export async function askApi<Data>(
  app: FastifyInstance,
  request: FastifyRequest,
  key: string,
  path: string,
  { headers, ...init }: RequestInit & { headers: Record<string, string> },
): Promise<Data> {
  const authorized = { ...headers, authorization: `Bearer ${key}` };
  const response = await insideFetch(app, request)(`${request.publicUrl}/api/v3${path}`, {
    ...init,
    headers: authorized,
  });
  const answer = (await response.json()) as { data: Data; message: string; error_code: string };
  if (response.ok) return answer.data;
  const seconds = response.headers.get('retry-after');
  throw new RetoneError(response.status, answer.error_code, answer.message, seconds ? Number(seconds) : undefined);
}

/** Sends requests to the app itself, as from the client of another request. */
function insideFetch(app: FastifyInstance, { headers, publicUrl, ip, id }: FastifyRequest): typeof fetch {
  return async (url, init = {}) => {
    const { method = 'GET', headers: own, body, signal } = init;
    // A form gets its boundary by this.
    const form = body instanceof FormData ? new Response(body) : undefined;
    const payload = form ? Readable.fromWeb(form.body as ReadableStream) : body;
    const options: InjectOptions = {
      method: method as 'GET',
      url: String(url).slice(publicUrl.length),
      remoteAddress: ip,
      headers: {
        host: headers.host ?? 'localhost',
        'x-request-id': id,
        ...Object.fromEntries(new Headers(own)),
        ...(form ? { 'content-type': form.headers.get('content-type')! } : {}),
      },
      payloadAsStream: true,
      ...(payload ? { payload: payload as Readable } : {}),
      ...(signal ? { signal } : {}),
    };
    const response = await app.inject(options);
    const { statusCode: status } = response;
    const answered = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
    const hasBody = status !== 204 && status !== 304;
    const stream = hasBody ? (Readable.toWeb(response.stream()) as globalThis.ReadableStream) : null;
    return new Response(stream, { status, headers: answered as [string, string][] });
  };
}
