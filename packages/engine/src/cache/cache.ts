import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CacheError } from './cache-error.ts';

/** The folder of the cache: `RETONE_CACHE`, or one in the user's cache folder. */
export function cacheFolder(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return resolve(process.env.RETONE_CACHE ?? join(cache, 'retone'));
}

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
