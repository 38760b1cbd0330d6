import { setTimeout as sleep } from 'node:timers/promises';
import { decodeAudio, encodeAudio, keepCodecReady } from '@retone/audio';
import { bitDepthOf, defaultBitDepth, formatNamed, shortName, type TaskInput } from '@retone/contract';
import { type Database, isOutage } from '@retone/database';
import {
  audioOf,
  channelsOf,
  engineRequest,
  fitToRecording,
  type ModelFacts,
  type Progress,
  resultTags,
  type Tensor,
} from '@retone/engine';
import { type FileStore, type GuardOptions, newToken, StorageError, sourceBytes } from '@retone/storage';
import { type Engine, EngineFailure } from './engine-process.ts';
import { type Failure, failureOf } from './failures.ts';
import { type Lifecycle, taskChannel } from './lifecycle.ts';
import { Previews } from './previews.ts';
import type { Queue, QueuedTask } from './queue.ts';
import { StoreWatch } from './store-watch.ts';
import type { Task } from './task.ts';
import { Tasks } from './tasks.ts';

/** After how many tries that may have failed by the task's own fault it is given up. */
const mostFailedTries = 3;
/**
 * After how many tries that were lost a task is given up: it may be what kills whoever tries it (memory, most likely). So many
 * that no run of bad luck comes near, with pauses so long that the tasks beside it are hardly disturbed.
 */
const mostLostTries = 20;
/** Lost tries after which a task that its worker was lost with waits before the next: it may be why. */
const suspectTries = 3;

/** Seconds before the second, third and any further try. */
const defaultRetrySeconds = [1, 10, 60];
/** Milliseconds for which a task is tried again while database or storage are away. */
const longestOutage = 24 * 3600 * 1000;
/** Milliseconds between looks whether a task that runs was cancelled; notifications, which arrive at once, may be lost. */
const betweenLooks = 10_000;

/** Outcome of an attempt. `dropped`: it did not count any more; `handed back`: the worker stops. */
export type TryOutcome = 'started' | 'completed' | 'failed' | 'retried' | 'handed back' | 'dropped';

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
  /** Called with the outcome of each attempt, for logs and metrics. */
  onTry?: ((event: { task: Task; outcome: TryOutcome; error?: unknown; failure?: Failure }) => void) | undefined;
  /** Seconds before the second, third and any further try; 1, 10 and 60 if not given. */
  retrySeconds?: readonly number[] | undefined;
}

/** Takes tasks from the queue and does them, until it is closed. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #store: StoreWatch;
  /** Checks whether a task that runs here is over, by its id. */
  readonly #running = new Map<string, () => void>();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#store = new StoreWatch(options.store);
  }

  async start(): Promise<void> {
    const { database, queue, atOnce = 1, isWarm } = this.#options;
    await database.listen(taskChannel, (id) => this.#running.get(id)?.());
    keepCodecReady();
    await queue.workOnTasks(atOnce, (queued) => this.#work(queued), isWarm);
  }

  async #work(queued: QueuedTask): Promise<void> {
    const { database, lifecycle, onTry } = this.#options;
    const { taskId, signal, stopping } = queued;
    if (this.#store.down) return this.#leaveToOthers(queued, this.#store.down);
    // The queue may hand over once more what was just handed back.
    if (stopping.aborted) throw new EngineFailure('aborted', 'the worker stops');
    const tasks = new Tasks(database);
    const task = await tasks.claim(taskId, suspectTries);
    if (!task) return this.#attendSuspect(queued);
    onTry?.({ task, outcome: 'started' });
    // A lost notification is harmless: waiters also poll.
    const notified = database.notify(taskChannel, taskId).catch(() => {});
    const over = AbortSignal.any([signal, stopping]);
    try {
      // However long the engine takes to notice: a result that comes late does not count.
      const done = await unlessAborted(this.#do(task, over), over);
      onTry?.({ task, outcome: done ? 'completed' : 'dropped' });
    } catch (error) {
      const failure = failureOf(error);
      if (failure.blame === 'infrastructure' && error instanceof StorageError) this.#store.report();
      if (stopping.aborted && !signal.aborted) {
        await tasks.handBack(task.id, task.attempts);
        onTry?.({ task, outcome: 'handed back', error });
        throw error;
      }
      if (signal.aborted) {
        // The queue has given the task to another worker.
        if (failure.blame === 'infrastructure') await tasks.handBack(task.id, task.attempts);
        onTry?.({ task, outcome: 'retried', error });
        throw error;
      }
      if (failure.blame !== 'task' && !isLastTry(task, failure.blame)) {
        const retried = await this.#tryAgain(task, queued, failure.blame);
        onTry?.({ task, outcome: retried ? 'retried' : 'dropped', error, failure });
        return;
      }
      const reason = { error: failure.message, errorCode: failure.code };
      const failed = await persistently(() => lifecycle.fail(task.id, reason, task.attempts), over);
      onTry?.({ task, outcome: failed ? 'failed' : 'dropped', error, failure });
    } finally {
      await notified;
    }
  }

  /** Ends a task whose workers were lost too often, and has one wait whose workers were lost often. Leaves any other. */
  async #attendSuspect(queued: QueuedTask): Promise<void> {
    const { database, lifecycle } = this.#options;
    const task = await new Tasks(database).get(queued.taskId);
    if (task?.status !== 'processing') return;
    // The latest try was begun and has not ended.
    const lost = lostTries(task);
    if (lost >= mostLostTries) {
      const error = `${lost} tries were begun, and each time the worker that had the task was lost`;
      await lifecycle.fail(task.id, { error, errorCode: 'worker_lost' }, task.attempts);
    } else if (lost >= suspectTries) await this.#tryAgain(task, queued, 'lost');
  }

  /** Queues another try, the later the more there were. False when the try no longer counts. */
  #tryAgain(task: Task, queued: QueuedTask, blame: 'try' | 'lost' | 'infrastructure'): Promise<boolean> {
    const { database, retrySeconds = defaultRetrySeconds } = this.#options;
    const wait = retrySeconds[Math.min(task.attempts, retrySeconds.length) - 1] ?? 0;
    const record = () =>
      database.transaction(async (tx) => {
        const tasks = new Tasks(tx);
        const waits =
          blame === 'infrastructure'
            ? await tasks.handBack(task.id, task.attempts)
            : await tasks.waitAgain(task.id, task.attempts, blame === 'try');
        if (waits) await queued.again(tx, wait);
        return waits;
      });
    return persistently(record, queued.stopping);
  }

  /** While this machine cannot store files, its slots wait, and the tasks that they were given return to the queue. */
  async #leaveToOthers(queued: QueuedTask, storeAnswers: Promise<void>): Promise<void> {
    const { database, retrySeconds = defaultRetrySeconds } = this.#options;
    await database.transaction((tx) => queued.again(tx, retrySeconds[0] ?? 0));
    const { promise: stops, resolve } = Promise.withResolvers<void>();
    queued.stopping.addEventListener('abort', () => resolve(), { once: true });
    if (!queued.stopping.aborted) await Promise.race([storeAnswers, stops]);
  }

  /** False when the task was cancelled meanwhile, or taken up elsewhere. */
  async #do(task: Task, queueSignal: AbortSignal): Promise<boolean> {
    const dropped = new AbortController();
    const drop = () => dropped.abort();
    // An engine that hangs reports no progress, at which a cancelled task would be noticed.
    const look = () =>
      this.#isOver(task).then(
        (over) => over && drop(),
        () => {},
      );
    this.#running.set(task.id, look);
    const timer = setInterval(look, betweenLooks);
    try {
      return await this.#make(task, AbortSignal.any([queueSignal, dropped.signal]), drop);
    } catch (error) {
      if (dropped.signal.aborted && !queueSignal.aborted) return false;
      throw error;
    } finally {
      clearInterval(timer);
      this.#running.delete(task.id);
    }
  }

  async #isOver({ id, attempts }: Task): Promise<boolean> {
    const now = await new Tasks(this.#options.database).get(id);
    return !now || now.attempts !== attempts || now.status !== 'processing';
  }

  /** Makes a task's sound and completes the task. False when the try no longer counted. */
  async #make(task: Task, signal: AbortSignal, drop: () => void): Promise<boolean> {
    const { database, engineFor, lifecycle, store, codingTimeoutMs: timeout } = this.#options;
    const engine = await engineFor(task, signal);
    const { sampleRate, maxSeconds } = await engine.load();
    const warnings: string[] = [];
    const onWarning = (warning: string) => warnings.push(warning);
    const audio =
      task.input.audio === undefined
        ? undefined
        : await this.#source(task, { sampleRate, maxSeconds }, { signal, onWarning });

    let inferenceMs = 0;
    const input = audio ? fitToRecording(task.input, audio.shape[1]! / sampleRate, maxSeconds) : task.input;
    let progress: Progress | undefined;
    const report = () => {
      if (!progress) return;
      const shown = previews.latest === undefined ? progress : { ...progress, preview: previews.latest };
      const reported = new Tasks(database).report(task.id, task.attempts, shown).then(async (counts) => {
        if (counts) await database.notify(taskChannel, task.id);
        else drop();
      });
      // A lost report is harmless; the next one shows whether the attempt still counts.
      reported.catch(() => {});
    };
    const previews = new Previews({ store, taskId: task.id, sampleRate, signal, onKept: report });
    const request = engineRequest(task.model, input, task.seed, audio);
    const made = await engine.run(task.input.enable_preview ? { ...request, preview: true } : request, {
      signal,
      onPreview: (half, step) => previews.take(half, step),
      onWarning,
      onMade: (milliseconds) => {
        inferenceMs = milliseconds;
      },
      onProgress: (latest) => {
        progress = latest;
        report();
      },
    });

    const format = formatNamed(task.input.output_format);
    const bytes = await encodeAudio({ sampleRate, channels: channelsOf(made) }, task.input.output_format, {
      signal,
      timeout,
      bitDepth: bitDepthOf(task.input.output_format, task.input.output_bit_depth ?? defaultBitDepth),
      tags: resultTags(task.input.prompt, task.seed, task.input.init_noise_level),
    });
    await previews.remove();
    const key = `outputs/${task.id}-${task.attempts}.${format.extensions[0]}`;
    await this.#keep(key, bytes, format.mediaType, signal);
    const file = {
      token: newToken(),
      accountId: task.accountId,
      taskId: task.id,
      key,
      name: `${shortName(task.model)}-${task.id.slice(0, 8)}.${format.extensions[0]}`,
      mediaType: format.mediaType,
      size: bytes.length,
    };
    const complete = () => lifecycle.complete(task, [file], inferenceMs, warnings);
    if (await persistently(complete, signal)) return true;
    // An answer that was lost on its way may have been that it is completed.
    const now = await persistently(() => new Tasks(database).get(task.id), signal);
    if (now?.outputs.includes(file.token)) return true;
    await store.delete(key);
    return false;
  }

  /** Stores a result. A short outage is not worth making it again. */
  async #keep(key: string, bytes: Uint8Array, mediaType: string, signal: AbortSignal): Promise<void> {
    const { store, retrySeconds = defaultRetrySeconds } = this.#options;
    const [first = 0] = retrySeconds;
    for (const seconds of [first, 5 * first, undefined]) {
      try {
        await store.put(key, bytes, { mediaType, signal });
        return;
      } catch (error) {
        if (seconds === undefined || failureOf(error).blame !== 'infrastructure') throw error;
        await sleep(seconds * 1000, undefined, { signal });
      }
    }
  }

  /** The recording that a task starts from, [channels, samples] at the model's rate. */
  async #source(
    task: Task,
    { sampleRate, maxSeconds }: Pick<ModelFacts, 'sampleRate' | 'maxSeconds'>,
    { signal, onWarning }: { signal: AbortSignal; onWarning: (warning: string) => void },
  ): Promise<Tensor> {
    const bytes = await this.#sourceBytes(task, signal);
    const { codingTimeoutMs: timeout } = this.#options;
    const { duration } = task.input;
    // Unused parts are not decoded: half an hour of mp3, or of a file that claims a rate of 1 Hz, would take gigabytes.
    const wanted = duration === undefined ? { maxDuration: maxSeconds } : { seconds: duration };
    const form = { name: 'the audio', sampleRate, channels: 2 } as const;
    const clip = await decodeAudio(bytes, { ...form, ...wanted, signal, timeout, onWarning });
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

/** Tries of a task that neither failed nor were handed back, one that runs included. */
function lostTries({ attempts, handedBack, failedTries }: Task): number {
  return attempts - handedBack - failedTries;
}

/** Whether a task that a try of has just ended so is given up. */
function isLastTry(task: Task, blame: 'try' | 'lost' | 'infrastructure'): boolean {
  switch (blame) {
    case 'try':
      return task.failedTries + 1 >= mostFailedTries;
    case 'lost':
      return lostTries(task) >= mostLostTries;
    case 'infrastructure':
      return Date.now() - task.createdAt.getTime() > longestOutage;
  }
}

/** The result of work, unless the signal is aborted before. */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new EngineFailure('aborted', 'the worker stops'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
}

/** Does something in the database as soon as the database is there, unless the signal comes first. */
async function persistently<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (let pause = 500; ; pause = Math.min(2 * pause, 10_000)) {
    try {
      return await work();
    } catch (error) {
      if (!isOutage(error) || signal.aborted) throw error;
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }
}
