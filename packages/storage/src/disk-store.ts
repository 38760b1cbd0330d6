import { open, readdir, readFile, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { freeBytes, makeFolder } from '@retone/common';
import { StorageError } from './errors.ts';
import { checkKey, checkPrefix } from './keys.ts';
import { LimitedContent } from './limited-content.ts';
import { partialName, removeStale } from './partial-files.ts';
import { clamp } from './range.ts';
import type { ByteRange, FileStore, ListedFile, OpenedFile, PutOptions, StoredFile } from './store.ts';

/** Where files are while they are written: in the store's file system, for `rename`, and under a name no key has. */
const partialFolder = '.partial';
const mostAttempts = 20;
/**
 * Bytes that stay free on the disk: more than the embedded database needs to go on, which may be on the same one. So tasks can
 * still be deleted when files have filled it.
 */
const reserve = 256e6;
/** Bytes of a file between looks at what is free. */
const betweenLooks = 16e6;

/** Files in a folder: the file of key `a/b.mp3` is `a/b.mp3`, readable by its owner alone. */
export class DiskStore implements FileStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = resolve(folder);
    const partial = join(this.#folder, partialFolder);
    try {
      makeFolder(partial, 0o700);
      removeStale(partial);
    } catch (error) {
      throw unavailable(error);
    }
  }

  async put(key: string, content: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions = {}) {
    const path = this.#path(key);
    const partial = join(this.#folder, partialFolder, partialName());
    const chunks = new LimitedContent(content, options);
    try {
      await writeFile(partial, this.#whileRoom(chunks), { flag: 'wx', mode: 0o600, flush: true });
      await this.#publish(partial, path);
    } catch (error) {
      // Where the disk is away, this fails too, and says less.
      await rm(partial, { force: true }).catch(() => {});
      throw error === chunks.error ? error : unavailable(error);
    }
    return { key, size: chunks.size };
  }

  async stat(key: string): Promise<StoredFile | undefined> {
    const found = await this.#ifPresent(stat(this.#path(key)));
    return found?.isFile() ? { key, size: found.size } : undefined;
  }

  async open(key: string, range?: ByteRange): Promise<OpenedFile | undefined> {
    const file = await this.#ifPresent(open(this.#path(key)));
    if (!file) return undefined;
    try {
      const found = await file.stat();
      if (found.isFile()) {
        return { size: found.size, stream: file.createReadStream(range && clamp(range, found.size)) };
      }
    } catch (error) {
      await file.close();
      throw unavailable(error);
    }
    await file.close();
    return undefined;
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    return this.#ifPresent(readFile(this.#path(key)));
  }

  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    await this.#ifPresent(unlink(path).then(() => true));
    // Folders that are empty now would pile up, a few for every task there ever was.
    for (let folder = dirname(path); folder !== this.#folder; folder = dirname(folder)) {
      try {
        await rmdir(folder);
      } catch {
        return;
      }
    }
  }

  async *list(prefix: string): AsyncGenerator<ListedFile, void> {
    checkPrefix(prefix);
    yield* this.#list(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix);
  }

  /** The files in the folder `within` ('' or ending with `/`) whose keys start with `prefix`. */
  async *#list(within: string, prefix: string): AsyncGenerator<ListedFile, void> {
    const entries = await this.#ifPresent(readdir(join(this.#folder, within), { withFileTypes: true }));
    const names = (entries ?? [])
      .filter((entry) => !entry.name.startsWith('.'))
      .map((entry) => within + (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .filter((name) => name.startsWith(prefix))
      // Keys are ASCII, so this is the order of their bytes. The slash counts: `a.b` comes before `a/b`.
      .sort((a, b) => (a < b ? -1 : 1));
    for (const name of names) {
      if (name.endsWith('/')) yield* this.#list(name, prefix);
      else {
        // Deleted since, perhaps.
        const found = await this.#ifPresent(stat(this.#path(name)));
        if (found?.isFile()) yield { key: name, size: found.size, storedAt: found.mtime };
      }
    }
  }

  /**
   * The response for a file; undefined if it does not exist. A disk that is no longer mounted has none either, and
   * must not be taken for a store without that file.
   */
  async #ifPresent<T>(request: Promise<T>): Promise<T | undefined> {
    const found = await ifPresent(request);
    if (found !== undefined) return found;
    try {
      await stat(join(this.#folder, partialFolder));
      return found;
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** The content being stored, as long as there is room for it. */
  async *#whileRoom(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    let looked = -Infinity;
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size - looked > betweenLooks) {
        if ((await freeBytes(this.#folder)) < reserve) throw full();
        looked = size;
      }
      yield chunk;
    }
  }

  #path(key: string): string {
    checkKey(key);
    return join(this.#folder, ...key.split('/'));
  }

  /** Gives a written file its name, for good. */
  async #publish(partial: string, path: string): Promise<void> {
    const folder = dirname(path);
    for (let attempt = 1; ; attempt++) {
      try {
        makeFolder(folder, 0o700);
        await rename(partial, path);
        break;
      } catch (error) {
        // `delete` may have removed a folder as an empty one in between.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === mostAttempts) throw error;
      }
    }
    // A name is on the disk for good only once the folders that lead to it are.
    for (let each = folder; ; each = dirname(each)) {
      await syncFolder(each);
      if (each === this.#folder) return;
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  if (sep === '\\') return; // Windows has no such thing
  const folder = await ifPresent(open(path));
  if (!folder) return; // `delete` was quicker
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The response for a file; undefined if it does not exist. */
async function ifPresent<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw unavailable(error);
  }
}

function unavailable(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (['ENOSPC', 'EDQUOT'].includes(code)) return full(error);
  return new StorageError('unavailable', 'the folder of stored files cannot be used', { cause: error });
}

function full(cause?: unknown): StorageError {
  return new StorageError('full', 'the disk of the stored files is full', { cause });
}
