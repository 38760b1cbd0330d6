import { RetoneError, TaskError } from './errors.ts';
import { serverSentEvents } from './events.ts';
import { type Call, type Connection, send, sleep } from './http.ts';
import type { History, HistoryQuery, Input, Model, ModelName, Task, TaskEvent } from './types.ts';

interface Cancellable {
  signal?: AbortSignal | undefined;
}

export interface SubmitOptions extends Cancellable {
  /** Makes repeating safe: the same key gives the first task. Default: a random one, for retries of this call. */
  idempotencyKey?: string;
}

export interface RunOptions extends SubmitOptions {
  onEvent?: ((event: TaskEvent) => void) | undefined;
}

/** Milliseconds between two questions where events do not arrive. */
const pollPause = 1000;

/** A client of a Retone service, for Node and browsers. Failed requests throw RetoneError. */
export class Retone {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Uploads a recording; the URL stands for it as `audio`. In Node, `fs.openAsBlob` gives a Blob of a file. */
  async upload(file: Blob, name: string, { signal }: Cancellable = {}): Promise<string> {
    const form = new FormData();
    form.append('file', file, name);
    const { download_url: url } = await this.#call<{ download_url: string }>('/media/upload/binary', {
      method: 'POST',
      body: form,
      signal,
      // A partial upload expires.
      repeatable: true,
    });
    return url;
  }

  /** Submits a task, and returns it as it is then. */
  submit<Name extends ModelName>(name: Name, input: Input<Name>, options: SubmitOptions = {}): Promise<Task> {
    const { signal, idempotencyKey = globalThis.crypto.randomUUID() } = options;
    return this.#call(`/stability-ai/stable-audio-3/${name}`, {
      method: 'POST',
      body: input,
      headers: { 'idempotency-key': idempotencyKey },
      signal,
      repeatable: true,
    });
  }

  /**
   * Submits a task and waits until it has ended. A task that is aborted is cancelled.
   *
   * @throws TaskError when it failed or was cancelled
   */
  async run<Name extends ModelName>(name: Name, input: Input<Name>, options: RunOptions = {}): Promise<Task> {
    const { signal, onEvent } = options;
    const { id } = await this.submit(name, input, options);
    try {
      for await (const event of this.events(id, { signal })) onEvent?.(event);
    } catch (error) {
      if (signal?.aborted) await this.remove(id).catch(() => {});
      throw error;
    }
    const task = await this.task(id, { signal });
    if (task.status !== 'completed') throw new TaskError(task);
    return task;
  }

  task(id: string, { signal }: Cancellable = {}): Promise<Task> {
    return this.#call(`/predictions/${id}`, { signal });
  }

  /** A task's events until it has ended; where the stream breaks off or does not arrive, by polling. */
  async *events(id: string, { signal }: Cancellable = {}): AsyncGenerator<TaskEvent> {
    for (;;) {
      for await (const event of this.#stream(id, signal)) {
        yield event;
        if (ended(event)) return;
      }
      const { status, error, error_code } = await this.task(id, { signal });
      const event: TaskEvent = { status, error, error_code, progress: null, tasks_ahead: null, seconds_left: null };
      yield event;
      if (ended(event)) return;
      await sleep(pollPause, signal);
    }
  }

  async *#stream(id: string, signal: AbortSignal | undefined): AsyncGenerator<TaskEvent> {
    try {
      const { headers, body } = await send(this.#connection, `/api/v3/predictions/${id}/events`, { signal });
      if (!body || !headers.get('content-type')?.startsWith('text/event-stream')) return;
      yield* serverSentEvents<TaskEvent>(body);
    } catch (error) {
      if (signal?.aborted || (error instanceof RetoneError && error.status !== 0)) throw error;
    }
  }

  /** Cancels a task; one that has ended is deleted with its files. */
  async remove(id: string, { signal }: Cancellable = {}): Promise<void> {
    await this.#call(`/predictions/${id}`, { method: 'DELETE', signal });
  }

  /** Tasks, newest first. `next_cursor` of a page, given as `cursor`, gives the next one. */
  history(query: HistoryQuery = {}, { signal }: Cancellable = {}): Promise<History> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
    return this.#call(`/predictions?${search}`, { signal });
  }

  models({ signal }: Cancellable = {}): Promise<Model[]> {
    return this.#call('/models', { signal });
  }

  /** Credit in US dollars. */
  async balance({ signal }: Cancellable = {}): Promise<number> {
    return (await this.#call<{ balance: number }>('/balance', { signal })).balance;
  }

  /** An output, at the address under which this client reaches the service, whatever name the service itself has for it. */
  download(output: string, { signal }: Cancellable = {}): Promise<Response> {
    const path = /\/files\/[\w-]+(?:\.\w+)?$/.exec(output)?.[0];
    if (!path) throw new RetoneError(0, 'bad_url', `${output} must be the URL of an output of the service`);
    return send(this.#connection, path, { signal });
  }

  async #call<Data>(path: string, call: Call): Promise<Data> {
    const response = await send(this.#connection, `/api/v3${path}`, call);
    return ((await response.json()) as { data: Data }).data;
  }
}

function ended({ status }: TaskEvent): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}
