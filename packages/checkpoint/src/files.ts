import { CheckpointError } from './errors.ts';

// Where bytes come from: the disk, or memory and blobs in a browser.

/** Random access to the bytes of a file. */
export interface Bytes {
  /** Where the file is, symbolic links resolved. */
  readonly path: string;
  readonly byteLength: number;
  /** Whether other programs find the file by its path. */
  readonly isOnDisk: boolean;
  /** Fills `target` from a position in the file on. Returns how many bytes it got, 0 at the end. */
  read(target: Uint8Array, position: number): number;
  close(): void;
}

/** Files by their paths. */
export interface Files {
  isFile(path: string): boolean;
  isFolder(path: string): boolean;
  /** The names in a folder, sorted; none where there is no folder. */
  names(folder: string): string[];
  /** @throws CheckpointError when there is no such file */
  open(path: string): Bytes;
}

/** The path of a file in a folder; the folder '' has no name. */
export function within(folder: string, name: string): string {
  return folder === '' ? name : `${folder.replace(/[/\\]$/, '')}/${name}`;
}

/** The folder of a path, and the name in it. */
export function parted(path: string): [folder: string, name: string] {
  const [, folder, name] = /^(.*?)[/\\]?([^/\\]*)$/s.exec(path)!;
  return [folder!, name!];
}

/** All bytes of a file. */
export function readAll(bytes: Bytes): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes.byteLength);
  for (let done = 0; done < all.length; ) {
    const count = bytes.read(all.subarray(done), done);
    if (count === 0) throw new CheckpointError('bad-tensor', `${bytes.path} ended while it was being read`);
    done += count;
  }
  return all;
}

/** Files whose bytes are in memory: downloaded ones, or ones that were made here. */
export class MemoryFiles implements Files {
  readonly #files: ReadonlyMap<string, Uint8Array>;

  /** @param files bytes by path, with slashes between folders */
  constructor(files: Iterable<readonly [path: string, bytes: Uint8Array]>) {
    this.#files = new Map(files);
  }

  isFile(path: string): boolean {
    return this.#files.has(path);
  }

  isFolder(path: string): boolean {
    return path === '' || this.names(path).length > 0;
  }

  names(folder: string): string[] {
    const start = within(folder, '');
    const inside = [...this.#files.keys()].filter((path) => path.startsWith(start));
    return [...new Set(inside.map((path) => path.slice(start.length).split('/')[0]!))].toSorted();
  }

  open(path: string): Bytes {
    const bytes = this.#files.get(path);
    if (!bytes) throw new CheckpointError('not-found', `there is no file ${path}`);
    return memoryBytes(path, bytes);
  }
}

/** A file that is in memory. */
export function memoryBytes(path: string, bytes: Uint8Array): Bytes {
  return {
    path,
    byteLength: bytes.length,
    isOnDisk: false,
    read(target, position) {
      const part = bytes.subarray(position, position + target.length);
      target.set(part);
      return part.length;
    },
    close() {},
  };
}
