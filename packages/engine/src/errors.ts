import { CodedError } from '@retone/common';
/** Error codes of requests, for programs; the message is for people. */
export type EngineErrorCode = 'invalid-argument' | 'too-long' | 'unsupported' | 'not-finite';

/** A request cannot be carried out as it was made. The message is one line: what, and what would be right. */
export class EngineError extends CodedError<EngineErrorCode> {}
