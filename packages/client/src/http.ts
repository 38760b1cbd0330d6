import { RetoneError } from './errors.ts';

/** Where a service is, and how it is reached. */
export interface Connection {
  /** The service's URL; a path in it is kept. */
  url: string;
  key: string;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch | undefined;
  /** Most tries of a request that may be repeated; default 3. */
  tries?: number | undefined;
}

export interface Call {
  method?: string;
  /** Sent as JSON, a FormData as it is. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Whether the request may be sent again when its answer was lost; default: only GET. */
  repeatable?: boolean;
}

/** Longest pause before a retry in seconds; after a longer `Retry-After` the caller decides. */
const longestPause = 30;

/**
 * Sends a request with the key. What may be repeated is retried when the service is unreachable, overloaded or limits the
 * rate, after the time that it names or 0.5 and 1 s.
 *
 * @param path below the service's URL
 * @throws RetoneError
 */
export async function send(connection: Connection, path: string, call: Call = {}): Promise<Response> {
  const { url, key, fetch = globalThis.fetch, tries = 3 } = connection;
  const { method = 'GET', body, signal, repeatable = method === 'GET' } = call;
  const isForm = body instanceof FormData;
  const headers: Record<string, string> = { ...call.headers, authorization: `Bearer ${key}` };
  if (body !== undefined && !isForm) headers['content-type'] = 'application/json';
  const init: RequestInit = { method, headers, signal: signal ?? null };
  if (body !== undefined) init.body = isForm ? body : JSON.stringify(body);
  for (let attempt = 1; ; attempt++) {
    const error = await fetch(url.replace(/\/+$/, '') + path, init).then(
      async (response) => (response.ok ? response : refusal(response)),
      (reason: Error) => {
        if (signal?.aborted) throw reason;
        return new RetoneError(0, 'unreachable', `${url} does not answer`);
      },
    );
    if (error instanceof Response) return error;
    const pause = error.retryAfter ?? attempt / 2;
    const mayHelp = [0, 429, 502, 503, 504].includes(error.status) && pause <= longestPause;
    if (!repeatable || !mayHelp || attempt === tries) throw error;
    await sleep(pause * 1000, signal);
  }
}

async function refusal(response: Response): Promise<RetoneError> {
  const answer = (await response.json().catch(() => ({}))) as { message?: string; error_code?: string };
  const { message = `the service answered ${response.status}`, error_code: code = 'refused' } = answer;
  const after = response.headers.get('retry-after');
  return new RetoneError(response.status, code, message, after === null ? undefined : Number(after) || undefined);
}

/** Rejects with the signal's reason when it is aborted. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
