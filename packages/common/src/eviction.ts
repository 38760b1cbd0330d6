import { rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from './folders.ts';

// Caches shared between processes. An entry that is open or memory-mapped survives its deletion; a process that is about to
// open an entry marks it as used first.

/** Entries used within this time are kept, whatever the limit: another process may be opening them. In milliseconds. */
const grace = 60_000;

/** Marks an entry, a file or a folder, as used now. */
export function markUsed(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // The entry does not exist yet, or the cache is read-only and nothing is evicted from it either.
  }
}

/** Evicts the least recently used entries of a folder until the others are within `limit` bytes. */
export function evictOldest(folder: string, limit: number): void {
  const entries = namesIn(folder)
    .map((name) => join(folder, name))
    .map((path) => ({ path, used: changed(path), size: sizeOf(path) }))
    .sort((a, b) => a.used - b.used);
  let total = entries.reduce((sum, { size }) => sum + size, 0);
  for (const { path, used, size } of entries) {
    if (total <= limit || used > Date.now() - grace) return;
    try {
      rmSync(path, { recursive: true, force: true });
      total -= size;
    } catch {
      // Windows does not remove open files, and a cache may be read-only.
    }
  }
}

const changed = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Bytes of a file, or of all files in a folder; 0 for one that another process has just removed. */
function sizeOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat?.size ?? 0;
  return namesIn(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
