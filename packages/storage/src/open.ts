import { DiskStore } from './disk-store.ts';
import { S3Store } from './s3-store.ts';
import type { FileStore, S3Options } from './store.ts';
import { TimedStore } from './timed-store.ts';

const defaultTimeoutMs = 30_000;

/**
 * Opens a store of files in a folder (made if absent) or in an S3 bucket. A bucket is not asked for anything yet.
 * @param options.timeoutMs how long a step may take, or content may stand still
 * @throws StorageError `unavailable` if the folder cannot be made or written to
 */
export function openFileStore(
  options: ({ folder: string } | { s3: S3Options }) & { timeoutMs?: number | undefined },
): FileStore {
  const { timeoutMs = defaultTimeoutMs } = options;
  const store = 's3' in options ? new S3Store(options.s3, timeoutMs) : new DiskStore(options.folder);
  return new TimedStore(store, timeoutMs);
}
