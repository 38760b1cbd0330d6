import { dirname } from 'node:path';
import { freeBytesSync } from '@retone/common';
import { DatabaseError, diskFull } from './errors.ts';

/**
 * Bytes that must be free for PGlite to write. Where its write-ahead log finds no room, Postgres panics, and compiled to
 * WebAssembly that is a loop without an end that takes this process with it. The log grows by 16 MB at a time.
 */
const reserve = 64e6;
/** Milliseconds for which a look is good enough: far less than a statement needs to write the reserve. */
const lookPause = 20;

const reading = /^\s*(SELECT|SHOW)\b(?!.*\b(pg_notify|nextval)\b)/is;

/** Watches the free space of a database's disk, and keeps statements that write from a full one. */
export class DiskSpace {
  readonly #folder: string;
  #free = Infinity;
  #lookedAt = -Infinity;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get isFull(): boolean {
    if (performance.now() - this.#lookedAt > lookPause) {
      this.#free = freeWhere(this.#folder);
      this.#lookedAt = performance.now();
    }
    return this.#free < reserve;
  }

  /** @throws DatabaseError 53100 when a statement would write and the disk is full */
  check(sql: string): void {
    if (this.isFull && !reading.test(sql)) throw this.error();
  }

  error(): DatabaseError {
    const [free, needed] = [this.#free, reserve].map((bytes) => `${Math.floor(bytes / 1e6)} MB`);
    return new DatabaseError(
      diskFull,
      `the disk of ${this.#folder} is full: ${free} are free, and ${needed} are needed`,
    );
  }
}

function freeWhere(folder: string): number {
  try {
    return freeBytesSync(folder);
  } catch {
    // The folder is yet to be made.
    return dirname(folder) === folder ? Infinity : freeWhere(dirname(folder));
  }
}
