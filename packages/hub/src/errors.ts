import { CodedError } from '@retone/common';
/** Why a model cannot be fetched or kept, for programs; the message says it for people. */
export type HubErrorCode =
  | 'unknown-model'
  | 'not-a-model'
  | 'not-found'
  | 'gated'
  | 'bad-token'
  | 'forbidden'
  | 'rate-limited'
  | 'unreachable'
  | 'bad-answer'
  | 'bad-checksum'
  | 'disk-full'
  | 'in-use'
  | 'built-in';

/** A model cannot be fetched, checked or removed. The message is a sentence or two: what, where, and what to do. */
export class HubError extends CodedError<HubErrorCode> {}

/** A failure that may pass: a broken connection, a server that is busy. It is retried before it is reported. */
export class Passing extends HubError {
  /** How long the server asks to be left alone, in milliseconds. */
  readonly waitMs: number | undefined;

  constructor(code: HubErrorCode, message: string, options?: ErrorOptions & { waitMs?: number | undefined }) {
    super(code, message, options);
    this.waitMs = options?.waitMs;
  }
}
