import { Readable } from 'node:stream';
import { StorageError } from './errors.ts';
import type { ByteRange, FileStore, ListedFile, OpenedFile, PutOptions, StoredFile } from './store.ts';

/**
 * A store whose every step has a limit: a service that accepts connections and answers nothing, or a disk of the network
 * that hangs, fails like one that is away. For contents the limit is on the time in which nothing moves.
 */
export class TimedStore implements FileStore {
  readonly #store: FileStore;
  readonly #limitMs: number;

  /** @param limitMs milliseconds for a step, or between two pieces of content */
  constructor(store: FileStore, limitMs: number) {
    this.#store = store;
    this.#limitMs = limitMs;
  }

  async put(key: string, content: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions = {}) {
    const idle = new IdleTimer(this.#limitMs);
    const signal = options.signal ? AbortSignal.any([options.signal, idle.signal]) : idle.signal;
    async function* watched(): AsyncGenerator<Uint8Array, void> {
      // While the content itself is awaited, it is not the store that is slow.
      idle.stop();
      for await (const chunk of content as AsyncIterable<Uint8Array>) {
        idle.restart();
        yield chunk;
        idle.stop();
      }
      idle.restart();
    }
    try {
      idle.restart();
      const watchedContent = content instanceof Uint8Array ? content : watched();
      return await idle.during(this.#store.put(key, watchedContent, { ...options, signal }));
    } catch (error) {
      if (idle.signal.aborted && !options.signal?.aborted) throw slow();
      throw error;
    } finally {
      idle.stop();
    }
  }

  stat(key: string): Promise<StoredFile | undefined> {
    return this.#limited(this.#store.stat(key));
  }

  async open(key: string, range?: ByteRange): Promise<OpenedFile | undefined> {
    const opening = this.#store.open(key, range);
    const opened = await this.#limited(opening).catch((error) => {
      // It may come yet, and holds a file or a connection.
      opening.then((late) => late?.stream.destroy()).catch(() => {});
      throw error;
    });
    return opened && { ...opened, stream: this.#timed(opened.stream) };
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const opened = await this.open(key);
    if (!opened) return undefined;
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of opened.stream) chunks.push(chunk);
    } catch (error) {
      throw error instanceof StorageError
        ? error
        : new StorageError('unavailable', 'the file could not be read', { cause: error });
    }
    const bytes = Buffer.concat(chunks);
    // A connection that was cut may look like the end of the file.
    if (bytes.length !== opened.size) throw new StorageError('unavailable', 'the file came incomplete');
    return bytes;
  }

  delete(key: string): Promise<void> {
    return this.#limited(this.#store.delete(key));
  }

  async *list(prefix: string): AsyncGenerator<ListedFile, void> {
    const files = this.#store.list(prefix)[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await this.#limited(files.next());
      if (done) return;
      yield value;
    }
  }

  async #limited<T>(work: Promise<T>): Promise<T> {
    const idle = new IdleTimer(this.#limitMs);
    idle.restart();
    try {
      return await idle.during(work);
    } finally {
      idle.stop();
    }
  }

  /** A stream that fails when it is asked for more and nothing comes. */
  #timed(stream: Readable): Readable {
    const idle = new IdleTimer(this.#limitMs);
    async function* watched(): AsyncGenerator<Buffer, void> {
      const chunks = stream[Symbol.asyncIterator]();
      try {
        for (;;) {
          idle.restart();
          const { done, value } = await idle.during(chunks.next());
          idle.stop();
          if (done) return;
          yield value;
        }
      } finally {
        idle.stop();
        stream.destroy();
      }
    }
    return Readable.from(watched(), { objectMode: false });
  }
}

/** Aborts its signal when it was not restarted for a while. */
class IdleTimer {
  readonly #abort = new AbortController();
  readonly #limitMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort.abort(), this.#limitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** The result of work, if the timer does not end before. Work that does not end is left to itself. */
  async during<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const end = () => reject(slow());
    this.signal.addEventListener('abort', end);
    work.catch(() => {});
    try {
      return await Promise.race([promise, work]);
    } finally {
      this.signal.removeEventListener('abort', end);
    }
  }
}

function slow(): StorageError {
  return new StorageError('unavailable', 'the storage of files does not answer');
}
