import { GuardError } from './errors.ts';

/** The end of the time that a request has, or of the caller's interest in it, whichever comes first. */
export class Deadline {
  /** Aborts at the end. */
  readonly signal: AbortSignal;
  readonly #stop: AbortSignal | undefined;
  readonly #timeoutMs: number;

  /** Time starts now. */
  constructor(timeoutMs: number, stop: AbortSignal | undefined) {
    const timeout = AbortSignal.timeout(timeoutMs);
    this.signal = stop ? AbortSignal.any([stop, timeout]) : timeout;
    this.#stop = stop;
    this.#timeoutMs = timeoutMs;
  }

  /** The result of work, if it ends in time. Work that does not is left to itself. */
  async within<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const end = () => reject(this.signal.reason);
    if (this.signal.aborted) end();
    this.signal.addEventListener('abort', end);
    try {
      return await Promise.race([promise, work]);
    } finally {
      this.signal.removeEventListener('abort', end);
    }
  }

  /** Says why a request to `host` failed with `error`. */
  explain(error: unknown, host: string): GuardError {
    if (error instanceof GuardError) return error;
    if (this.#stop?.aborted) return new GuardError('aborted', `the request to "${host}" was stopped as asked`);
    if (this.signal.aborted) {
      return new GuardError('timeout', `"${host}" took longer than ${this.#timeoutMs / 1000} s`);
    }
    return new GuardError('unreachable', `the connection to "${host}" failed`, { cause: error });
  }
}
