import type { TaskResult } from '@retone/contract';

// Results of this device, in the browser's private file system: the sound as WAV in 32-bit floats, and its task beside it.

const folderName = 'results';
const prefix = 'device-';

/** The page's URL of a result's sound. The service worker answers it, as the service answers those of its own files. */
export const resultUrl = (id: string): string => `./files/${prefix}${id}.wav`;

/** The id of the result that a path leads to, if it is one of this device. */
export const resultIdOf = (path: string): string | undefined =>
  /\/files\/device-([\w-]+?)(?:\.\w+)?(?:\/[^/]*)?$/.exec(path)?.[1];

async function folder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(folderName, { create: true });
}

/** Keeps a result; for workers. The task is written last: one that is there has its sound. */
export async function keepResult(task: TaskResult, sound: ArrayBuffer): Promise<void> {
  await write(`${task.id}.wav`, new Uint8Array(sound));
  await write(`${task.id}.json`, new TextEncoder().encode(JSON.stringify(task)));
}

interface SyncFile {
  truncate(size: number): void;
  write(bytes: Uint8Array): number;
  close(): void;
}

async function write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const handle = await (await folder()).getFileHandle(name, { create: true });
  // All browsers have this in workers; TypeScript's types of a page do not.
  const file = await (handle as unknown as { createSyncAccessHandle(): Promise<SyncFile> }).createSyncAccessHandle();
  file.truncate(0);
  file.write(bytes);
  file.close();
}

async function fileOf(name: string): Promise<File | undefined> {
  try {
    return await (await (await folder()).getFileHandle(name)).getFile();
  } catch (error) {
    if ((error as Error).name === 'NotFoundError') return undefined;
    throw error;
  }
}

/** The sound of a result; undefined for one that is not kept. */
export const resultSound = (id: string): Promise<File | undefined> => fileOf(`${id}.wav`);

/** The task of a result; undefined for one that is not kept. */
export async function resultTask(id: string): Promise<TaskResult | undefined> {
  const file = await fileOf(`${id}.json`);
  return file && JSON.parse(await file.text());
}

/** The ids of all results that are kept; none where the browser keeps nothing (private windows, pages without HTTPS). */
export async function resultIds(): Promise<string[]> {
  const inside = await folder().catch(() => undefined);
  const ids: string[] = [];
  for await (const name of inside?.keys() ?? []) if (name.endsWith('.json')) ids.push(name.replace(/\.json$/, ''));
  return ids;
}

/** All tasks whose results are kept, in no order. */
export async function resultTasks(): Promise<TaskResult[]> {
  const tasks = await Promise.all((await resultIds()).map(resultTask));
  return tasks.filter((task) => task !== undefined);
}

/** Deletes results; those that are gone already are no error. */
export async function deleteResults(ids: readonly string[]): Promise<void> {
  const inside = await folder();
  for (const id of ids) for (const name of [`${id}.json`, `${id}.wav`]) await inside.removeEntry(name).catch(() => {});
}
