import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and its parents; one that exists is left as it is.
 *
 * Node's own recursive `mkdir` never returns where a file system answers ENOENT although the parent exists, as `/proc` does.
 *
 * @param mode permissions of new folders, which the umask reduces
 * @throws the system's error, with its code
 */
export function makeFolder(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const exists = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    if (exists) return;
    const parent = dirname(path);
    const parentExists = statSync(parent, { throwIfNoEntry: false }) !== undefined;
    if (code !== 'ENOENT' || parent === path || parentExists) throw error;
    makeFolder(parent, mode);
    makeFolder(path, mode);
  }
}

/** Whether a path leads to a folder; false where it cannot be looked at. */
export function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** The names in a folder, sorted; none where it cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
