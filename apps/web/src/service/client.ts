import type { ApiKeyInfo, TaskResult } from '@retone/contract';
import { dropKey, quietKey, sessionKey } from './session.ts';

/** A request that failed: refused by the service, or not answered at all (status 0). */
export class ServiceError extends Error {
  readonly status: number;
  readonly code: string;
  /** After how many seconds the same request may do better. */
  readonly retryAfter: number | undefined;

  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message);
    this.name = 'ServiceError';
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

interface Options {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** For requests that the musician did not ask for: they fail without a key, and do not ask for one. */
  background?: boolean;
}

/** A call with the key; a key that the service no longer takes is replaced, twice at most. */
export async function request(method: string, path: string, options: Options = {}): Promise<Response> {
  const { body, headers = {}, signal, background = false } = options;
  const init: RequestInit = { method, signal: signal ?? null };
  if (body instanceof FormData) init.body = body;
  else if (body !== undefined) {
    init.body = JSON.stringify(body);
    headers['content-type'] = 'application/json';
  }
  for (let attempt = 1; ; attempt++) {
    const response = await answered(async () => {
      const key = await (background ? quietKey() : sessionKey());
      return { key, response: await fetch(path, { ...init, headers: { ...headers, authorization: `Bearer ${key}` } }) };
    });
    if (response.response.status !== 401 || attempt > 2) return checked(response.response);
    dropKey(response.key);
  }
}

async function answered<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if ((error as Error).name === 'AbortError' || error instanceof ServiceError) throw error;
    throw new ServiceError(0, 'unreachable', 'The service does not answer.');
  }
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const answer = (await response.json().catch(() => undefined)) as
    | { message?: string; error_code?: string }
    | undefined;
  const retryAfter = Number(response.headers.get('retry-after')) || undefined;
  // What stands between answers without an envelope when the service is gone.
  if (!answer?.message && response.status >= 500)
    throw new ServiceError(0, 'unreachable', 'The service does not answer.');
  throw new ServiceError(response.status, answer?.error_code ?? 'refused', answer?.message ?? '', retryAfter);
}

async function call<Data>(method: string, path: string, options?: Options): Promise<Data> {
  const response = await request(method, `api/v3${path}`, options);
  return ((await response.json()) as { data: Data }).data;
}

/** The path of a file of the service, whatever name of the service its URL has; undefined for any other URL. */
export function filePath(url: string): string | undefined {
  return /\/files\/[\w-]+(?:\.\w+)?$/.exec(url)?.[0];
}

/** A file of the service at the page's own origin. */
export function ownUrl(url: string): string {
  const path = filePath(url);
  return path ? `.${path}` : url;
}

export const service = {
  submit: (model: string, input: object, idempotencyKey: string, signal?: AbortSignal) =>
    call<TaskResult>('POST', `/${model}`, { body: input, headers: { 'idempotency-key': idempotencyKey }, signal }),
  task: (id: string, signal?: AbortSignal) => call<TaskResult>('GET', `/predictions/${id}`, { signal }),
  /** Cancels what has not ended, and deletes what has. */
  remove: (id: string) => call<unknown>('DELETE', `/predictions/${id}`),
  deleteAll: (ids: string[]) => call<unknown>('POST', '/predictions/delete', { body: { ids } }),
  history: (page: number, signal?: AbortSignal) =>
    call<{ total: number; items: TaskResult[] }>('GET', `/predictions?page=${page}&page_size=100`, { signal }),
  balance: () => call<{ balance: number }>('GET', '/balance', { background: true }),
  keys: () => call<ApiKeyInfo[]>('GET', '/keys'),
  createKey: (name: string) => call<{ key: string }>('POST', '/keys', { body: { name } }),
  revokeKey: (id: string) => call<unknown>('DELETE', `/keys/${id}`),
  upload(file: Blob, name: string, signal?: AbortSignal): Promise<{ download_url: string }> {
    const form = new FormData();
    form.append('file', file, name);
    return call('POST', '/media/upload/binary', { body: form, signal });
  },
};
