import { CodedError } from '@retone/common';
/** Error codes of stored files, for programs. The message is for people. */
export type StorageErrorCode =
  | 'bad-key'
  /** More bytes than the caller allows. Nothing was kept. */
  | 'too-large'
  /** A range that the file does not have. */
  | 'out-of-range'
  | 'aborted'
  /** There is no room left on the disk. */
  | 'full'
  /** The disk or the S3 service failed; `cause` says how. */
  | 'unavailable';

/** An error about a stored file. Its message is one line that can be shown as it is. */
export class StorageError extends CodedError<StorageErrorCode> {}

/** Why something that a client named was not fetched, for programs. The message says it for people. */
export type GuardErrorCode =
  /** Not a URL that is fetched from: its form, scheme, user name or port. */
  | 'bad-url'
  /** An address that is not public, or a name that leads to one or to none. The message does not say which. */
  | 'blocked-address'
  /** No connection, or one that broke; `cause` says why, and is not for clients. */
  | 'unreachable'
  /** A compression that is unknown or damaged. */
  | 'bad-encoding'
  | 'too-large'
  | 'timeout'
  | 'redirects'
  /** An answer other than 2xx to `sourceBytes`. */
  | 'http-status'
  /** Neither a URL, nor a data URI, nor base64. */
  | 'bad-source'
  | 'aborted'
  /** An entry of `allowHosts` that is none. */
  | 'invalid';

/**
 * An error about something that a client named. Its message is one line that can be shown to that client as it is: it
 * says nothing about what is behind an address.
 */
export class GuardError extends CodedError<GuardErrorCode> {}
