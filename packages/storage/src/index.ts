export { AllowedHosts } from './allowed-hosts.ts';
export { type CheckedUrl, type CheckOptions, checkUrl } from './check-url.ts';
export { GuardError, type GuardErrorCode, StorageError, type StorageErrorCode } from './errors.ts';
export { type GuardedRequest, type GuardedResponse, type GuardOptions, guardedFetch } from './guarded-fetch.ts';
export { inlineBytes } from './inline-bytes.ts';
export { newToken } from './keys.ts';
export { openFileStore } from './open.ts';
export { sourceBytes } from './source-bytes.ts';
export type {
  ByteRange,
  FileStore,
  ListedFile,
  OpenedFile,
  PutOptions,
  S3Options,
  StoredFile,
} from './store.ts';
