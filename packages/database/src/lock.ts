import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { badFolder, DatabaseError } from './errors.ts';

/**
 * Keeps every other process, and every other opening in this one, from a data folder until the returned function is called
 * or the process ends, however it ends.
 *
 * The lock is the operating system's, on the file `<folder>.lock`, taken through SQLite because Node itself has no file
 * locks. A file with a process id in it would need guesses: whether that process is still alive, whether it is still the
 * same one, and who may remove the file.
 *
 * @throws DatabaseError `locked`, or `bad-folder` where no file can be made; both name the folder
 */
export function lockFolder(folder: string): () => void {
  const lock = openLock(folder);
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    const sqliteBusy = 5;
    if ((cause as { errcode?: number }).errcode !== sqliteBusy) throw cause;
    throw new DatabaseError(
      'locked',
      `the database in ${folder} is in use by another process: stop that one first, or set DATABASE_URL to a Postgres ` +
        'server that several processes can share',
    );
  }
  return () => lock.close();
}

function openLock(folder: string): DatabaseSync {
  try {
    mkdirSync(dirname(folder), { recursive: true });
    return new DatabaseSync(`${folder}.lock`);
  } catch (error) {
    throw badFolder(folder, error);
  }
}
