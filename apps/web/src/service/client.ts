import type { ApiKeyInfo, TaskResult } from '@retone/contract';
import type { Adapter } from './adapter.ts';
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

interface UploadAnswer {
  download_url: string;
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

/** Whether the service knows a key. @throws ServiceError when it does not answer */
export async function isKnownKey(key: string): Promise<boolean> {
  const response = await answered(() => fetch('api/v3/balance', { headers: { authorization: `Bearer ${key}` } }));
  if (response.status === 401) return false;
  await checked(response);
  return true;
}

const unreachable = () => new ServiceError(0, 'unreachable', 'the service does not answer');

async function answered<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if ((error as Error).name === 'AbortError' || error instanceof ServiceError) throw error;
    throw unreachable();
  }
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const answer = (await response.json().catch(() => undefined)) as
    | { message?: string; error_code?: string }
    | undefined;
  const retryAfter = Number(response.headers.get('retry-after')) || undefined;
  // What stands between answers without an envelope when the service is gone.
  if (!answer?.message && response.status >= 500) throw unreachable();
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
  /** The sound of a task that is still being made, after a step. */
  preview: async (id: string, step: number): Promise<ArrayBuffer> =>
    (await request('GET', `api/v3/predictions/${id}/preview?step=${step}`)).arrayBuffer(),
  /** Cancels what has not ended, and deletes what has. */
  remove: (id: string) => call<unknown>('DELETE', `/predictions/${id}`),
  deleteAll: (ids: string[]) => call<unknown>('POST', '/predictions/delete', { body: { ids } }),
  history: (page: number, signal?: AbortSignal) =>
    call<{ total: number; items: TaskResult[] }>('GET', `/predictions?page=${page}&page_size=100`, { signal }),
  balance: () => call<{ balance: number }>('GET', '/balance', { background: true }),
  adapters: () => call<Adapter[]>('GET', '/adapters', { background: true }),
  async addAdapter(file: File): Promise<Adapter> {
    const form = new FormData();
    form.append('file', file, file.name);
    return call('POST', '/adapters', { body: form });
  },
  removeAdapter: (id: string) => call<unknown>('DELETE', `/adapters/${id}`),
  /** Links by which other devices of the network open the page with a key. */
  pairing: () => call<{ urls: string[] }>('GET', '/pairing'),
  keys: () => call<ApiKeyInfo[]>('GET', '/keys'),
  createKey: (name: string) => call<{ key: string }>('POST', '/keys', { body: { name } }),
  revokeKey: (id: string) => call<unknown>('DELETE', `/keys/${id}`),
  upload: (file: Blob, name: string, options?: UploadOptions) => sendFile(file, name, options),
};

interface UploadOptions {
  signal?: AbortSignal | undefined;
  /** Called with the share that was sent, 0 to 1. */
  onProgress?: ((sent: number) => void) | undefined;
}

/** Sends a file. `fetch` does not report how much of it is on its way; XMLHttpRequest does. */
async function sendFile(file: Blob, name: string, { signal, onProgress }: UploadOptions = {}): Promise<UploadAnswer> {
  const form = new FormData();
  form.append('file', file, name);
  for (let attempt = 1; ; attempt++) {
    const key = await sessionKey();
    const response = await post(form, key, { signal, onProgress });
    if (response.status !== 401 || attempt > 2) {
      return ((await (await checked(response)).json()) as { data: UploadAnswer }).data;
    }
    dropKey(key);
  }
}

function post(form: FormData, key: string, { signal, onProgress }: UploadOptions): Promise<Response> {
  return new Promise((resolve, reject) => {
    const http = new XMLHttpRequest();
    http.open('POST', 'api/v3/media/upload/binary');
    http.setRequestHeader('authorization', `Bearer ${key}`);
    http.upload.onprogress = ({ loaded, total }) => onProgress?.(loaded / total);
    http.onload = () => {
      const retryAfter = http.getResponseHeader('retry-after');
      const headers = retryAfter ? { 'retry-after': retryAfter } : {};
      resolve(new Response(http.response, { status: http.status, headers }));
    };
    http.onerror = () => reject(unreachable());
    http.onabort = () => reject(new DOMException('the upload was cancelled', 'AbortError'));
    signal?.addEventListener('abort', () => http.abort(), { once: true });
    http.send(form);
  });
}
