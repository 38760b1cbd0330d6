import { DiskStore } from './disk-store.ts';
import { S3Store } from './s3-store.ts';
import type { FileStore, S3Options } from './store.ts';

/**
 * Opens a store of files in a folder (made if absent) or in an S3 bucket. A bucket is not asked for anything yet.
 * @throws StorageError `unavailable` if the folder cannot be made or written to
 */
export function openFileStore(options: { folder: string } | { s3: S3Options }): FileStore {
  return 's3' in options ? new S3Store(options.s3) : new DiskStore(options.folder);
}
