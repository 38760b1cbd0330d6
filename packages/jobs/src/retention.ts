import type { Database } from '@retone/database';
import type { FileStore } from '@retone/storage';
import { Files } from './files.ts';
import type { Lifecycle } from './lifecycle.ts';
import { Tasks } from './tasks.ts';

/** Rows taken at a time. */
const batch = 200;
/** Milliseconds after which a stored file should be in a table: longer than any upload or task takes. */
const strayAge = 24 * 3600 * 1000;

export interface RetentionOptions {
  database: Database;
  store: FileStore;
  lifecycle: Lifecycle;
}

/**
 * Deletes what has been kept for long enough: ended tasks with their files, money apart, and uploads from before a moment;
 * files that a process which died left without a task. Tidies the database up.
 *
 * @returns how many of each
 */
export async function deleteExpired(
  options: RetentionOptions,
  before: Date,
  straysBefore = new Date(Date.now() - strayAge),
): Promise<{ tasks: number; uploads: number; strays: number }> {
  const tasks = await deleteTasks(options, before);
  const uploads = await deleteUploads(options, before);
  const strays = await deleteStrays(options, straysBefore);
  await options.database.tidy();
  return { tasks, uploads, strays };
}

async function deleteTasks({ database, lifecycle }: RetentionOptions, before: Date): Promise<number> {
  let deleted = 0;
  for (;;) {
    const tasks = await new Tasks(database).endedBefore(before, batch);
    for (const { accountId, id } of tasks) deleted += await lifecycle.remove(accountId, [id]);
    if (tasks.length < batch) return deleted;
  }
}

async function deleteUploads({ database, store }: RetentionOptions, before: Date): Promise<number> {
  let deleted = 0;
  for (;;) {
    const uploads = await new Files(database).uploadsBefore(before, batch);
    await new Files(database).remove(uploads.map(({ token }) => token));
    for (const { key } of uploads) await store.delete(key);
    deleted += uploads.length;
    if (uploads.length < batch) return deleted;
  }
}

/** Files come before their rows, so a process that dies in between leaves a file that no table knows. */
async function deleteStrays({ database, store }: RetentionOptions, before: Date): Promise<number> {
  let deleted = 0;
  for await (const { key, storedAt } of store.list('')) {
    if (storedAt >= before || (await new Files(database).isUsed(key))) continue;
    await store.delete(key);
    deleted++;
  }
  return deleted;
}
