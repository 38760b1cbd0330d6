import { DatabaseSync } from 'node:sqlite';

const sqliteBusy = 5;

/**
 * Takes a lock until the returned function is called or the process ends, however it ends.
 *
 * The lock is the operating system's, on the file at `path`, taken through SQLite because Node itself has no file locks. A
 * file with a process id in it would need guesses: whether that process is still alive, whether it is still the same one,
 * and who may remove the file.
 *
 * @returns undefined if another process, or another opening in this one, has the lock
 */
export function tryLock(path: string): (() => void) | undefined {
  const lock = new DatabaseSync(path);
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return () => lock.close();
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy) return undefined;
    throw error;
  }
}
