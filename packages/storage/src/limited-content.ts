import { StorageError } from './errors.ts';
import type { PutOptions } from './store.ts';

/**
 * Passes on the content being stored until it is longer than allowed, or until the signal: even if it hangs by then. Can be
 * gone through once.
 */
export class LimitedContent implements AsyncIterable<Uint8Array> {
  readonly #content: AsyncIterable<Uint8Array>;
  readonly #options: PutOptions;
  /** Bytes so far. */
  size = 0;
  /** The error that ended it early: the content's own error or a `StorageError` (`too-large`, `aborted`). */
  error: unknown;

  constructor(content: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions) {
    this.#content = content instanceof Uint8Array ? once(content) : content;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    const { maxBytes = Infinity, signal } = this.#options;
    const chunks = this.#content[Symbol.asyncIterator]();
    const stop = Promise.withResolvers<never>();
    const abort = () => stop.reject(new StorageError('aborted', 'storing the file was stopped as asked'));
    stop.promise.catch(() => {}); // nobody may be waiting
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    let ended = false;
    try {
      for (;;) {
        const next = await Promise.race([stop.promise, chunks.next()]);
        ended = next.done === true;
        if (next.done) return;
        this.size += next.value.length;
        if (this.size > maxBytes) throw new StorageError('too-large', `the file is larger than ${maxBytes} bytes`);
        yield next.value;
      }
    } catch (error) {
      this.error = error;
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
      // Not awaited: content that hangs would hang here too.
      if (!ended) chunks.return?.()?.catch(() => {});
    }
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield content;
}
