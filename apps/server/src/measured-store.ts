import type { ByteRange, FileStore, ListedFile, OpenedFile, PutOptions, StoredFile } from '@retone/storage';
import type { Metrics } from './metrics.ts';

/** A store that reports its bytes and errors to the metrics. */
export class MeasuredStore implements FileStore {
  readonly #store: FileStore;
  readonly #metrics: () => Metrics;

  constructor(store: FileStore, metrics: () => Metrics) {
    this.#store = store;
    this.#metrics = metrics;
  }

  async put(key: string, content: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<StoredFile> {
    const stored = await this.#watched('put', this.#store.put(key, content, options));
    this.#metrics().storageBytes('in', stored.size);
    return stored;
  }

  stat(key: string): Promise<StoredFile | undefined> {
    return this.#watched('stat', this.#store.stat(key));
  }

  async open(key: string, range?: ByteRange): Promise<OpenedFile | undefined> {
    const opened = await this.#watched('open', this.#store.open(key, range));
    if (opened) this.#metrics().storageBytes('out', range ? range.end - range.start + 1 : opened.size);
    return opened;
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#watched('read', this.#store.read(key));
    if (bytes) this.#metrics().storageBytes('out', bytes.length);
    return bytes;
  }

  delete(key: string): Promise<void> {
    return this.#watched('delete', this.#store.delete(key));
  }

  list(prefix: string): AsyncIterable<ListedFile> {
    return this.#store.list(prefix);
  }

  async #watched<T>(operation: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if ((error as { code?: string }).code === 'unavailable') this.#metrics().storageFailed(operation);
      throw error;
    }
  }
}
