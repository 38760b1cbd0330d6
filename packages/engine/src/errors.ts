import { CodedError } from '@retone/common';
/** What was wrong with a request, for programs; the message says it for people. */
export type EngineErrorCode = 'invalid-argument' | 'too-long' | 'unsupported' | 'not-finite';

/** A request cannot be carried out as it was made. The message is one line: what, and what would be right. */
export class EngineError extends CodedError<EngineErrorCode> {}
