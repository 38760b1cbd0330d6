import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import { bodyOf } from './body.ts';
import { type CheckedUrl, type CheckOptions, checkHost, hostOf, parseUrl } from './check-url.ts';
import { Deadline } from './deadline.ts';
import { GuardError } from './errors.ts';

export interface GuardOptions extends CheckOptions {
  /** Most bytes of a body, as sent and as decompressed. */
  maxBytes: number;
  /** Milliseconds for everything: names, redirects, the last byte of the body. */
  timeoutMs: number;
  /** 5 if not given. */
  maxRedirects?: number | undefined;
}

export interface GuardedRequest {
  /** `GET` if not given. */
  method?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: string | Uint8Array | undefined;
}

export interface GuardedResponse {
  status: number;
  headers: Headers;
  /** Decompressed. To be gone through once. */
  body: AsyncIterable<Uint8Array>;
  /** Where it came from, after redirects. */
  url: string;
  /** Closes the connection. Needed only if the body is not wanted; time closes it too. */
  close(): void;
}

const defaultMaxRedirects = 5;
/** Headers that are for the host they were meant for. */
const secretHeaders = ['authorization', 'cookie', 'proxy-authorization'];

/**
 * Fetches a URL that a client named, without becoming the client's way into the operator's network:
 * - only http and https, without credentials, and not on the ports of other protocols (see ports.ts);
 * - only from public addresses (see addresses.ts) and what `allowHosts` allows. A name is looked up once, every address
 *   it has is checked, and the connection uses one of these: a name server that changes its mind has no effect;
 * - redirects are followed by the same rules, but not from https to http;
 * - no proxy, no cookies, no connection that is used again.
 *
 * Any status is an answer, not an error.
 * @throws GuardError `bad-url`, `blocked-address`, `unreachable`, `timeout`, `redirects`, `aborted` or `invalid`; the body
 *   fails with those of `bodyOf`
 */
export async function guardedFetch(url: string, options: GuardOptions & GuardedRequest): Promise<GuardedResponse> {
  const deadline = new Deadline(options.timeoutMs, options.signal);
  const { maxRedirects = defaultMaxRedirects } = options;
  let at = parseUrl(url);
  let request: GuardedRequest = options;
  for (let redirects = 0; ; redirects++) {
    const host = hostOf(at);
    const checked = await checkHost(at, options, deadline);
    const response = await send(checked, request, deadline.signal).catch((error: unknown) => {
      throw deadline.explain(error, host);
    });
    try {
      const next = targetOf(response, at);
      if (!next) return answer(response, at, request, options.maxBytes, deadline);
      if (redirects === maxRedirects) {
        throw new GuardError('redirects', `"${host}" redirects too often: more than ${maxRedirects} in a row`);
      }
      if (at.protocol === 'https:' && next.protocol === 'http:') {
        throw new GuardError('redirects', `"${host}" redirects from https to http, which is not followed`);
      }
      request = redirected(request, response.statusCode!, next.origin === at.origin);
      at = next;
      response.destroy();
    } catch (error) {
      response.destroy();
      throw deadline.explain(error, host);
    }
  }
}

/** Sends a request to one of the checked addresses. */
function send({ url, addresses }: CheckedUrl, request: GuardedRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { method = 'GET', headers, body } = request;
  const pinned = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  const lookup: LookupFunction = (_name, { all }, done) => {
    if (all) done(null, pinned);
    else done(null, pinned[0]!.address, pinned[0]!.family);
  };
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
      method,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Retone', ...headers },
      // A separate connection: not one that is kept, and not one through a proxy that the environment names.
      agent: false,
      lookup,
      signal,
    });
    sent.on('response', resolve);
    sent.on('error', reject);
    sent.on('close', () => reject(new Error('The connection was closed without an answer.')));
    sent.end(body);
  });
}

/** Where a response redirects to, if it does. */
function targetOf({ statusCode = 0, headers: { location } }: IncomingMessage, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return undefined;
  // Headers are bytes, which Node shows as Latin-1; those of a URL are UTF-8.
  return parseUrl(Buffer.from(location, 'latin1').toString(), from);
}

/** The request to make after a redirect: as browsers do it. */
function redirected(request: GuardedRequest, status: number, sameOrigin: boolean): GuardedRequest {
  const { method = 'GET', body } = request;
  const becomesGet = status === 303 ? method !== 'HEAD' : status < 303 && method === 'POST';
  const kept = Object.entries(request.headers ?? {}).filter(([name]) => {
    const lower = name.toLowerCase();
    return !(becomesGet && lower.startsWith('content-')) && (sameOrigin || !secretHeaders.includes(lower));
  });
  return { headers: Object.fromEntries(kept), ...(becomesGet ? { method: 'GET' } : { method, body }) };
}

function answer(
  response: IncomingMessage,
  url: URL,
  { method }: GuardedRequest,
  maxBytes: number,
  deadline: Deadline,
): GuardedResponse {
  const { rawHeaders } = response;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
  return {
    status: response.statusCode!,
    headers,
    body: bodyOf(response, { host: hostOf(url), maxBytes, isBodiless: method === 'HEAD', deadline }),
    url: url.href,
    close: () => void response.destroy(),
  };
}
