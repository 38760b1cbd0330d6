import { dirname } from 'node:path';
import { makeFolder, tryLock } from '@retone/common';
import { badFolder, DatabaseError } from './errors.ts';

/**
 * Keeps every other process, and every other opening in this one, from a data folder until the returned function is called
 * or the process ends, however it ends. The lock is on the file `<folder>.lock`.
 *
 * @throws DatabaseError `locked`, or `bad-folder` where no file can be made; both name the folder
 */
export function lockFolder(folder: string): () => void {
  const release = openLock(folder);
  if (release) return release;
  throw new DatabaseError(
    'locked',
    `the database in ${folder} is in use by another process: stop that one first, or set DATABASE_URL to a Postgres ` +
      'server that several processes can share',
  );
}

function openLock(folder: string): (() => void) | undefined {
  try {
    makeFolder(dirname(folder));
    return tryLock(`${folder}.lock`);
  } catch (error) {
    throw badFolder(folder, error);
  }
}
