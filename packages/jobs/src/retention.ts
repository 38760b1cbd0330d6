import type { Database } from '@retone/database';
import type { FileStore } from '@retone/storage';
import { Files } from './files.ts';
import { Tasks } from './tasks.ts';

/** Rows taken at a time. */
const batch = 500;
/** Files that are deleted at once. */
const filesAtOnce = 16;
/** Milliseconds after which a stored file should be in a table: longer than any upload or task takes. */
const strayAge = 24 * 3600 * 1000;

export interface RetentionOptions {
  database: Database;
  store: FileStore;
}

/** How many of each were deleted. */
export interface Deleted {
  tasks: number;
  uploads: number;
  strays: number;
}

/**
 * Deletes expired tasks with their files, but not their ledger entries; expired uploads; and files that a process which died
 * left without a task. Tidies the database up.
 *
 * @param before tasks and uploads from before this moment are expired; undefined: none are
 */
export async function deleteExpired(
  options: RetentionOptions,
  before: Date | undefined,
  straysBefore = new Date(Date.now() - strayAge),
): Promise<Deleted> {
  const tasks = before ? await deleteTasks(options, before) : 0;
  const uploads = before ? await deleteUploads(options, before) : 0;
  const strays = await deleteStrays(options, straysBefore);
  await options.database.tidy();
  return { tasks, uploads, strays };
}

async function deleteTasks({ database, store }: RetentionOptions, before: Date): Promise<number> {
  let deleted = 0;
  for (;;) {
    // Rows first: a file without a row is deleted as a stray, a row without its file would be a broken promise.
    const keys = await database.transaction((tx) => new Tasks(tx).removeEndedBefore(before, batch));
    await deleteFiles(store, keys.files);
    deleted += keys.tasks;
    if (keys.tasks < batch) return deleted;
  }
}

async function deleteUploads({ database, store }: RetentionOptions, before: Date): Promise<number> {
  let deleted = 0;
  for (;;) {
    const uploads = await new Files(database).uploadsBefore(before, batch);
    await new Files(database).remove(uploads.map(({ token }) => token));
    await deleteFiles(
      store,
      uploads.map(({ key }) => key),
    );
    deleted += uploads.length;
    if (uploads.length < batch) return deleted;
  }
}

/** Deletes files, several at once: in a bucket each takes a while. */
export async function deleteFiles(store: FileStore, keys: readonly string[]): Promise<void> {
  const rest = keys.values();
  const work = async () => {
    for (const key of rest) await store.delete(key);
  };
  await Promise.all(Array.from({ length: filesAtOnce }, work));
}

/** Files come before their rows, so a process that dies in between leaves a file that no table knows. */
async function deleteStrays({ database, store }: RetentionOptions, before: Date): Promise<number> {
  let deleted = 0;
  let old: string[] = [];
  const sweep = async () => {
    const strays = await new Files(database).unused(old);
    await deleteFiles(store, strays);
    deleted += strays.length;
    old = [];
  };
  for await (const { key, storedAt } of store.list('')) {
    if (storedAt < before) old.push(key);
    if (old.length === batch) await sweep();
  }
  await sweep();
  return deleted;
}
