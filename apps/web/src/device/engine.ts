import type { ModelFacts, Progress } from '@retone/engine';
import type { DeviceTask, FromDevice, ToDevice } from './messages.ts';

export interface DeviceRun {
  signal?: AbortSignal | undefined;
  /** Called when its turn has come, and everything is downloaded. */
  onBegin?: (() => void) | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** An error of the engine, with its code. */
export class DeviceError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'DeviceError';
    this.code = code;
  }
}

/** The engine of this device, in a worker. Tasks run one after the other; their results are kept by the worker. */
export class DeviceEngine {
  readonly #folder: string;
  readonly #onDownload: (done: number, total: number) => void;
  #worker: Worker | undefined;
  #ready: Promise<ModelFacts> | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  /**
   * @param folder URL of the folder with the engine's files, with a slash at the end
   * @param onDownload receives the bytes that have come, and those of the whole
   */
  constructor(folder: string, onDownload: (done: number, total: number) => void = () => {}) {
    this.#folder = folder;
    this.#onDownload = onDownload;
  }

  /** Downloads and loads engine and model, unless that was done. @throws DeviceError */
  load(): Promise<ModelFacts> {
    this.#ready ??= this.#start();
    return this.#ready;
  }

  /**
   * Computes a task, after those that were asked for before it, and keeps its result.
   *
   * @throws DeviceError, `aborted` when the signal was
   */
  run(task: DeviceTask, run: DeviceRun = {}): Promise<void> {
    const result = this.#tail.then(() => this.#run(task, run));
    this.#tail = result.catch(() => {});
    return result;
  }

  async #run(task: DeviceTask, { signal, onBegin, onProgress }: DeviceRun): Promise<void> {
    throwIfAborted(signal);
    await this.load();
    throwIfAborted(signal);
    onBegin?.();
    const cancel = () => this.#send({ type: 'cancel' });
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      await this.#conversation({ type: 'task', task }, (message) => {
        if (message.type === 'progress') onProgress?.(message.progress);
        return message.type === 'kept' || undefined;
      });
    } catch (error) {
      // WebAssembly that has run out of memory stays broken: the next task gets another worker.
      if (/^(internal|crashed)$/.test((error as DeviceError).code)) this.#stop();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  #stop(): void {
    this.#worker?.terminate();
    this.#ready = undefined;
  }

  async #start(): Promise<ModelFacts> {
    this.#worker = new Worker(new URL('./engine.worker.ts', import.meta.url), { type: 'module' });
    try {
      return await this.#conversation({ type: 'start', folder: this.#folder }, (message) => {
        if (message.type === 'downloading') this.#onDownload(message.done, message.total);
        return message.type === 'ready' ? message.facts : undefined;
      });
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  #send(message: ToDevice): void {
    const sound = message.type === 'task' && message.task.audio;
    this.#worker!.postMessage(message, sound ? [sound.data.buffer as ArrayBuffer] : []);
  }

  /** Says something to the worker and waits for the answer that `pick` finds; an error ends it. */
  #conversation<Answer>(question: ToDevice, pick: (message: FromDevice) => Answer | undefined): Promise<Answer> {
    const worker = this.#worker!;
    const ended = new AbortController();
    const { signal } = ended;
    return new Promise<Answer>((resolve, reject) => {
      const receive = ({ data }: MessageEvent<FromDevice>) => {
        if (data.type === 'error') return reject(new DeviceError(data.code, data.message));
        const answer = pick(data);
        if (answer !== undefined) resolve(answer);
      };
      const crash = ({ message }: Partial<ErrorEvent>) =>
        reject(new DeviceError('crashed', `the engine in this page stopped (${message ?? 'its script did not load'})`));
      worker.addEventListener('message', receive, { signal });
      worker.addEventListener('error', crash, { signal });
      this.#send(question);
    }).finally(() => ended.abort());
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new DeviceError('aborted', 'cancelled');
}
