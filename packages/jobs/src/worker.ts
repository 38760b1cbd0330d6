import { AudioError, audioFormats, decodeAudio, encodeAudio, keepCodecReady } from '@retone/audio';
import type { Database } from '@retone/database';
import { audioOf, channelsOf, resultTags, type Tensor } from '@retone/engine';
import { type FileStore, GuardError, type GuardOptions, newToken, sourceBytes } from '@retone/storage';
import { type Engine, EngineFailure } from './engine-process.ts';
import { type Lifecycle, taskChannel } from './lifecycle.ts';
import { publicModel, type TaskInput } from './models.ts';
import type { Queue, QueuedTask } from './queue.ts';
import { type Task, Tasks } from './tasks.ts';

/** How often a task is tried before it is given up. */
const maxTries = 3;

/** What becomes of a try. `dropped`: it did not count any more; `handed back`: the worker stops. */
export type TryOutcome = 'completed' | 'failed' | 'retried' | 'handed back' | 'dropped';

export interface WorkerOptions {
  database: Database;
  store: FileStore;
  queue: Queue;
  lifecycle: Lifecycle;
  /** The engine with what a task is to be made with. */
  engineFor: (task: Task, signal: AbortSignal) => Promise<Engine>;
  /** Whether what serves a public model is loaded here; other workers leave such tasks to this one where they can. */
  isWarm?: ((model: string) => boolean) | undefined;
  /** Limits on fetching the recordings that tasks name. */
  fetching: GuardOptions;
  /** Milliseconds that decoding or encoding a file may take; as long as `@retone/audio` lets it if not given. */
  codingTimeoutMs?: number | undefined;
  /** Tasks at once on this worker; more than one shares one engine and overlaps only the coding of files. */
  atOnce?: number;
  /** Hears of what becomes of tries, for logs and metrics. */
  onTry?: ((event: { task: Task; outcome: TryOutcome; error?: unknown }) => void) | undefined;
}

/** Takes tasks from the queue and does them, until it is closed. */
export class Worker {
  readonly #options: WorkerOptions;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { queue, atOnce = 1, isWarm } = this.#options;
    keepCodecReady();
    await queue.workOnTasks(atOnce, (queued) => this.#work(queued), isWarm);
  }

  async #work({ taskId, signal, stopping }: QueuedTask): Promise<void> {
    const { database, lifecycle, onTry } = this.#options;
    const tasks = new Tasks(database);
    const task = await tasks.claim(taskId, maxTries);
    if (!task) {
      await lifecycle.fail(taskId, `${maxTries} tries were begun, and each time the worker that had the task was lost`);
      return;
    }
    // News that is lost costs nothing: whoever waits for it looks for himself now and then.
    const told = database.notify(taskChannel, taskId).catch(() => {});
    const isLast = task.attempts - task.handedBack === maxTries;
    const over = AbortSignal.any([signal, stopping]);
    try {
      // However long the engine takes to notice: a result that comes late does not count.
      const done = await unlessAborted(this.#do(task, over), over);
      onTry?.({ task, outcome: done ? 'completed' : 'dropped' });
    } catch (error) {
      if (stopping.aborted && !signal.aborted) {
        await tasks.handBack(task.id, task.attempts);
        onTry?.({ task, outcome: 'handed back', error });
        throw error;
      }
      if (signal.aborted || (!isFinal(error) && !isLast)) {
        onTry?.({ task, outcome: 'retried', error });
        throw error;
      }
      const failed = await lifecycle.fail(task.id, sentence(error), task.attempts);
      onTry?.({ task, outcome: failed ? 'failed' : 'dropped', error });
    } finally {
      await told;
    }
  }

  /** False when the task was cancelled meanwhile, or taken up elsewhere. */
  async #do(task: Task, queueSignal: AbortSignal): Promise<boolean> {
    const dropped = new AbortController();
    try {
      return await this.#make(task, AbortSignal.any([queueSignal, dropped.signal]), () => dropped.abort());
    } catch (error) {
      if (dropped.signal.aborted && !queueSignal.aborted) return false;
      throw error;
    }
  }

  /** Makes a task's sound and completes the task. False when the try no longer counted. */
  async #make(task: Task, signal: AbortSignal, drop: () => void): Promise<boolean> {
    const { database, engineFor, lifecycle, store, codingTimeoutMs: timeout } = this.#options;
    const model = publicModel(task.model)!;
    const engine = await engineFor(task, signal);
    const { sampleRate } = await engine.load();
    const audio = task.input.audio === undefined ? undefined : await this.#source(task, sampleRate, signal);

    const warnings: string[] = [];
    let inferenceMs = 0;
    const made = await engine.run(model.request(task.input, task.seed, audio), {
      signal,
      onWarning: (warning) => warnings.push(warning),
      onMade: (milliseconds) => {
        inferenceMs = milliseconds;
      },
      onProgress: (progress) => {
        const report = new Tasks(database).report(task.id, task.attempts, progress).then(async (counts) => {
          if (counts) await database.notify(taskChannel, task.id);
          else drop();
        });
        // A lost report costs nothing but the news; the next one will tell whether the try still counts.
        report.catch(() => {});
      },
    });

    const format = audioFormats.find(({ name }) => name === task.input.output_format)!;
    const bytes = await encodeAudio({ sampleRate, channels: channelsOf(made) }, task.input.output_format, {
      signal,
      timeout,
      tags: resultTags(task.input.prompt, task.seed),
    });
    const key = `outputs/${task.id}-${task.attempts}.${format.extensions[0]}`;
    await store.put(key, bytes, { mediaType: format.mediaType });
    const file = {
      token: newToken(),
      accountId: task.accountId,
      taskId: task.id,
      key,
      name: `${task.model.split('/').at(-1)}-${task.id.slice(0, 8)}.${format.extensions[0]}`,
      mediaType: format.mediaType,
      size: bytes.length,
    };
    const counted = await lifecycle.complete(task, [file], inferenceMs, warnings);
    if (!counted) await store.delete(key);
    return counted;
  }

  /** The recording that a task starts from, [channels, samples] at the model's rate. */
  async #source(task: Task, sampleRate: number, signal: AbortSignal): Promise<Tensor> {
    const bytes = await this.#sourceBytes(task, signal);
    const { codingTimeoutMs: timeout } = this.#options;
    const clip = await decodeAudio(bytes, { name: 'the audio', sampleRate, channels: 2, signal, timeout });
    return audioOf(clip.channels);
  }

  async #sourceBytes({ sourceKey, input }: Task, signal: AbortSignal): Promise<Uint8Array> {
    const { store, fetching } = this.#options;
    if (sourceKey) {
      const bytes = await store.read(sourceKey);
      if (bytes) return bytes;
      throw new EngineFailure('source-gone', 'the audio is no longer there: uploads are kept for a limited time');
    }
    return sourceBytes((input as Required<TaskInput>).audio, { ...fetching, signal });
  }
}

/** What work comes to, if the signal is not aborted before. */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new EngineFailure('aborted', 'the worker stops'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
}

/** Whether another try would end the same way. */
function isFinal(error: unknown): boolean {
  if (error instanceof EngineFailure) return !['crashed', 'internal'].includes(error.code);
  if (error instanceof GuardError) return !['unreachable', 'timeout', 'http-status'].includes(error.code);
  return error instanceof AudioError && error.code !== 'crashed';
}

/** What a task's owner is told; what nobody foresaw is not told in its own words. */
function sentence(error: unknown): string {
  const foreseen = error instanceof EngineFailure || error instanceof GuardError || error instanceof AudioError;
  return foreseen ? error.message : 'something went wrong in the service; the log has it under the task id';
}
