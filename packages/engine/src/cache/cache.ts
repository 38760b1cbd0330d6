import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

// Folders of what can be made again. Several processes share them: who has an entry open or mapped keeps it, removed or not,
// and whoever is about to open one has marked it as used.

/** Entries that were used this short a time ago stay, whatever the limit: someone may be opening them. In milliseconds. */
const grace = 60_000;

/** The folder of what can be made again: `RETONE_CACHE`, or one in the user's cache folder. */
export function cacheFolder(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return resolve(process.env.RETONE_CACHE ?? join(cache, 'retone'));
}

/** The cache cannot be written, so that what it would hold has to be done without. The message says why. */
export class CacheError extends Error {}

/** Does something that writes to the cache. @throws CacheError when the file system does not let it */
export async function writingCache<Result>(write: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new CacheError(`the cache ${cacheFolder()} cannot be written (${code}; RETONE_CACHE names another folder)`);
  }
}

/** Most bytes of a part of the cache, from a setting in gigabytes. */
export function cacheLimit(setting: 'RETONE_COMPILED_GB' | 'RETONE_FOLDED_GB'): number {
  return (Number(process.env[setting]) || 20) * 1e9;
}

/** Notes that an entry, a file or a folder, is used now. */
export function markUsed(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Not there yet, or in a cache that may only be read, from which nothing is removed either.
  }
}

/** Removes the entries of a folder that were not used for the longest time, until the others are within the limit. */
export function dropOldest(folder: string, limit: number): void {
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
      // Windows removes no file that is open; a cache may be one that can only be read.
    }
  }
}

const changed = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Bytes of a file, or of all in a folder; what another process has just removed counts nothing. */
function sizeOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat?.size ?? 0;
  return namesIn(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
