import type { ChildProcess } from 'node:child_process';
import { forkTied, isStopped } from '@retone/processes';
import { AudioError } from './errors.ts';
import type { Job, Reply } from './jobs.ts';
import type { Piece } from './piece.ts';

/** How long a job may take, and how to stop it. */
export interface JobLimits {
  /** Milliseconds. */
  timeout: number;
  signal: AbortSignal | undefined;
}

const entry = new URL('./worker/main.ts', import.meta.url);

let keepsSpare = false;
let spare: ChildProcess | undefined;

/**
 * Has a process started and loaded before each job that comes, which takes about 0.2 s. For programs that do job after job:
 * it costs the memory of an idle process. It does not keep this process alive.
 */
export function keepCodecReady(): void {
  keepsSpare = true;
  spare ??= startSpare();
}

function startSpare(): ChildProcess {
  const child = start(entry);
  const gone = () => {
    if (spare === child) spare = undefined;
  };
  child.once('exit', gone);
  child.once('error', gone);
  child.unref();
  child.channel?.unref();
  return child;
}

/** The process that is ready, if there is one. */
function takeSpare(): ChildProcess | undefined {
  const child = spare?.connected ? spare : undefined;
  spare = undefined;
  child?.ref();
  child?.channel?.ref();
  return child;
}

/** Only what the worker needs: no loaders or inspectors of this process, no output from the codec library. */
function start(worker: URL): ChildProcess {
  return forkTied(worker, [], {
    execArgv: ['--max-old-space-size=512'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/**
 * Runs one job in a separate process, so that a crash, a hang or a memory leak in a codec ends with that process.
 * The process is gone when the promise is rejected, soon after it is fulfilled, and when this process ends.
 *
 * @param name what the job is about, for messages
 * @param onPiece takes the decoded sound as it comes
 * @param worker another worker, for tests
 */
export function runJob<Result>(
  job: Job,
  name: string,
  limits: JobLimits,
  onPiece: (piece: Piece) => void = () => {},
  worker: URL = entry,
): Promise<Result> {
  const { timeout, signal } = limits;
  return new Promise((resolve, reject) => {
    const stopped = new AudioError('aborted', `${name}: stopped as asked`);
    if (signal?.aborted) return reject(stopped);
    const aborted = () => finish(() => reject(stopped));

    const child = (worker === entry && takeSpare()) || start(worker);
    const kill = () => child.kill('SIGKILL');
    const timer = setTimeout(() => {
      if (child.pid !== undefined && isStopped(child.pid)) return killed();
      const message = `${name} took longer than ${timeout / 1000} s; it may be damaged, so give another file or more time`;
      finish(() => reject(new AudioError('timeout', message)));
    }, timeout);
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      child.removeAllListeners();
      const gone = () => {
        process.removeListener('exit', kill);
        settle();
      };
      const running = child.pid !== undefined && child.exitCode === null && child.signalCode === null;
      if (!running) return gone();
      child.once('exit', gone);
      kill();
    };
    const killed = () => {
      const message = `${name}: the codec was killed or stopped from outside; try again`;
      finish(() => reject(new AudioError('killed', message)));
    };
    const crashed = () => {
      // Crashes have signals of their own: this one comes from people, service managers and systems without memory.
      if (child.signalCode === 'SIGKILL') return killed();
      const message = `${name} made the codec stop unexpectedly; it may be damaged, so give another file`;
      finish(() => reject(new AudioError('crashed', message)));
    };

    signal?.addEventListener('abort', aborted);
    process.once('exit', kill);
    child.once('exit', crashed);
    child.once('error', crashed);
    child.on('message', (reply: Reply) => {
      if (reply.kind === 'piece') onPiece(reply.piece);
      else if (reply.kind === 'result') {
        resolve(reply.result as Result);
        finish(() => {});
      } else finish(() => reject(new AudioError(reply.code, reply.message)));
    });
    child.send(job, (error) => error && crashed());
    // Only now: to start a process holds this one up for some milliseconds.
    if (keepsSpare) spare ??= startSpare();
  });
}
