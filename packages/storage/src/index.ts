export { StorageError, type StorageErrorCode } from './errors.ts';
export { newToken } from './keys.ts';
export {
  type ByteRange,
  type FileStore,
  type OpenedFile,
  openFileStore,
  type PutOptions,
  type S3Options,
  type StoredFile,
} from './store.ts';
