import type { Database } from '@retone/database';
import type { FileStore } from '@retone/storage';
import { Files } from './files.ts';
import type { Lifecycle } from './lifecycle.ts';
import { Tasks } from './tasks.ts';

/** Rows taken at a time. */
const batch = 200;

/** Deletes ended tasks, their files, and uploads that are older than the retention time. Returns how many of each. */
export async function deleteExpired(
  options: { database: Database; store: FileStore; lifecycle: Lifecycle },
  before: Date,
): Promise<{ tasks: number; uploads: number }> {
  const { database, store, lifecycle } = options;
  const deleted = { tasks: 0, uploads: 0 };
  for (;;) {
    const tasks = await new Tasks(database).endedBefore(before, batch);
    for (const task of tasks) deleted.tasks += await lifecycle.remove(task.accountId, [task.id]);
    if (tasks.length < batch) break;
  }
  for (;;) {
    const uploads = await new Files(database).uploadsBefore(before, batch);
    await new Files(database).remove(uploads.map(({ token }) => token));
    for (const { key } of uploads) await store.delete(key);
    deleted.uploads += uploads.length;
    if (uploads.length < batch) break;
  }
  return deleted;
}
