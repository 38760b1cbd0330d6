import { setTimeout as sleep } from 'node:timers/promises';
import { type FileStore, newToken } from '@retone/storage';

/** Milliseconds between looks whether the store answers again: the first, doubled up to the last. */
const firstPause = 1_000;
const longestPause = 30_000;
/** Bytes of the file that is stored to see whether files can be: a full disk may still take an empty one. */
const probeBytes = 64 * 1024;

/** Knows whether this machine's way to the file store is broken, so that it takes no tasks that others can do. */
export class StoreWatch {
  readonly #store: FileStore;
  #down: Promise<void> | undefined;

  constructor(store: FileStore) {
    this.#store = store;
  }

  /** Resolves when the store answers again; undefined while nothing is known to be wrong. */
  get down(): Promise<void> | undefined {
    return this.#down;
  }

  /** Notes that the store failed. */
  report(): void {
    this.#down ??= this.#untilItAnswers().finally(() => {
      this.#down = undefined;
    });
  }

  async #untilItAnswers(): Promise<void> {
    for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
      await sleep(pause, undefined, { ref: false });
      const key = `probes/${newToken()}`;
      try {
        await this.#store.put(key, new Uint8Array(probeBytes));
        await this.#store.delete(key);
        return;
      } catch {
        // It does not answer yet.
      }
    }
  }
}
