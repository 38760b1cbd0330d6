import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CodedError } from '@retone/common';
import type { Adapter, EngineRequest, FromEngine, ModelFacts, Progress, Tensor, ToEngine } from '@retone/engine';
import { forkTied, isStopped } from '@retone/processes';

const main = fileURLToPath(new URL('engine-main.ts', import.meta.url));

/** How long a request may continue after it was cancelled before its process is killed, in milliseconds: some steps are long. */
const cancelGrace = 10_000;

const defaultStallMs = 600_000;
/** How much longer than a step the loading of a model may take: a first start compiles it. */
const loadingFactor = 5;

export type EngineFailureCode = 'crashed' | 'stalled' | 'killed' | 'aborted' | (string & {});

/**
 * A request that the engine did not carry out. `crashed`: its process died under it; `stalled`: it hung and was killed. Another
 * try may do better then. `killed`: its process was killed or stopped from outside, which the request is not to blame for.
 */
export class EngineFailure extends CodedError<EngineFailureCode> {}

/** An engine in a separate process, or a stub. */
export type Engine = Pick<EngineProcess, 'load' | 'run'>;

export interface EngineRun {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Called with a sentence about each part of the request that is left out. */
  onWarning?: ((warning: string) => void) | undefined;
  /** Receives the half-made result [channels, samples] after a step, if the request asks for previews. */
  onPreview?: ((audio: Tensor, step: number) => void) | undefined;
  /** Called at the end with the engine's own time, without the transfer between processes. */
  onMade?: ((milliseconds: number) => void) | undefined;
}

export interface EngineProcessOptions {
  adapters?: readonly Adapter[] | undefined;
  stallMs?: number | undefined;
  spinning?: boolean | undefined;
}

/**
 * The engine with one model in a separate process: what crashes there (native code, memory) fails one request. The
 * process starts with the first request, stays, and is started again after a crash. Requests run one after the other.
 */
export class EngineProcess {
  readonly #folder: string;
  readonly #adapters: readonly Adapter[];
  readonly #stallMs: number;
  readonly #spinning: boolean;
  #child: ChildProcess | undefined;
  #ready: Promise<ModelFacts> | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  /**
   * @param folder the model's folder
   * @param options.adapters to fold into its weights
   * @param options.stallMs milliseconds without progress after which the process is killed; a fifth of it without any
   *   heartbeat
   * @param options.spinning whether threads wait for the next operator in a loop, which is faster where nothing else runs
   */
  constructor(folder: string, { adapters = [], stallMs = defaultStallMs, spinning = true }: EngineProcessOptions = {}) {
    this.#folder = folder;
    this.#adapters = adapters;
    this.#stallMs = stallMs;
    this.#spinning = spinning;
  }

  /**
   * Loads the model, unless it is loaded.
   *
   * @throws EngineFailure with the checkpoint's own error code when it cannot be loaded
   */
  load(): Promise<ModelFacts> {
    this.#ready ??= this.#start();
    return this.#ready;
  }

  /**
   * Runs a request, after those that were asked for before it.
   *
   * @returns audio [channels, samples]
   * @throws EngineFailure; `aborted` when the signal was
   */
  run(request: EngineRequest, options: EngineRun = {}): Promise<Tensor> {
    const result = this.#tail.then(() => this.#run(request, options));
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Ends the process, and whatever it is doing. */
  async close(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async #run(request: EngineRequest, { signal, onProgress, onWarning, onPreview, onMade }: EngineRun): Promise<Tensor> {
    throwIfAborted(signal);
    await this.load();
    throwIfAborted(signal);
    const child = this.#child!;
    let kill: NodeJS.Timeout | undefined;
    const cancel = () => {
      send(child, { type: 'cancel' });
      kill = setTimeout(() => child.kill('SIGKILL'), cancelGrace);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await conversation(child, { type: 'run', request }, this.#stallMs, (message) => {
        if (message.type === 'progress') onProgress?.(message.progress);
        if (message.type === 'warning') onWarning?.(message.warning);
        if (message.type === 'preview') onPreview?.(message.audio, message.step);
        if (message.type !== 'done') return undefined;
        onMade?.(message.milliseconds);
        return message.audio;
      });
    } catch (error) {
      throwIfAborted(signal);
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      clearTimeout(kill);
    }
  }

  async #start(): Promise<ModelFacts> {
    const child = forkTied(
      main,
      [this.#folder, JSON.stringify({ adapters: this.#adapters, spinning: this.#spinning })],
      {
        serialization: 'advanced',
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    );
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.#ready = undefined;
    });
    try {
      const limit = loadingFactor * this.#stallMs;
      return await conversation(child, undefined, limit, (message) =>
        message.type === 'ready' ? message.facts : undefined,
      );
    } catch (error) {
      child.kill('SIGKILL');
      this.#ready = undefined;
      throw error;
    }
  }
}

/**
 * Says something to the engine and waits for the answer that `pick` finds; an error, the end of the process, or its hanging is a
 * failure.
 */
function conversation<Answer>(
  child: ChildProcess,
  question: ToEngine | undefined,
  stallMs: number,
  pick: (message: FromEngine) => Answer | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let end: EngineFailure | undefined;
    const kill = () => {
      end = isStopped(child.pid!)
        ? new EngineFailure('killed', 'the engine was stopped from outside')
        : new EngineFailure('stalled', 'the engine made no progress and was stopped');
      child.kill('SIGKILL');
    };
    let silence = setTimeout(kill, stallMs / 5);
    let progress = setTimeout(kill, stallMs);
    const settle = (finish: () => void) => {
      clearTimeout(silence);
      clearTimeout(progress);
      child.off('message', receive);
      child.off('exit', die);
      finish();
    };
    const receive = (message: FromEngine) => {
      clearTimeout(silence);
      silence = setTimeout(kill, stallMs / 5);
      if (message.type === 'alive') return;
      clearTimeout(progress);
      progress = setTimeout(kill, stallMs);
      if (message.type === 'error') return settle(() => reject(new EngineFailure(message.code, message.message)));
      const answer = pick(message);
      if (answer !== undefined) settle(() => resolve(answer));
    };
    const die = (code: number | null, signal: string | null) => {
      // Crashes have signals of their own: this one comes from people, service managers and systems without memory.
      const how = signal === 'SIGKILL' ? 'killed' : 'crashed';
      const error = end ?? new EngineFailure(how, `the engine's process ended (${signal ?? `exit code ${code}`})`);
      settle(() => reject(error));
    };
    child.on('message', receive);
    child.on('exit', die);
    if (child.exitCode !== null || child.signalCode !== null) return die(child.exitCode, child.signalCode);
    if (question) send(child, question);
  });
}

function send(child: ChildProcess, message: ToEngine): void {
  // The process may end at any moment; its exit notifies the waiter.
  if (child.connected) child.send(message, () => {});
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EngineFailure('aborted', 'cancelled');
}
