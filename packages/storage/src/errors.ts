/** What went wrong with a stored file, for programs. The message says it for people. */
export type StorageErrorCode =
  | 'bad-key'
  /** More bytes than the caller allows. Nothing was kept. */
  | 'too-large'
  /** A range that the file does not have. */
  | 'out-of-range'
  | 'aborted'
  /** The disk or the S3 service failed; `cause` says how. */
  | 'unavailable';

/** An error about a stored file. Its message is one line that can be shown as it is. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}
