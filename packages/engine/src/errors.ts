/** What was wrong with a request, for programs; the message says it for people. */
export type EngineErrorCode = 'invalid-argument' | 'too-long' | 'unsupported' | 'not-finite';

/** A request cannot be carried out as it was made. The message is one line: what, and what would be right. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string) {
    super(message);
    this.name = 'EngineError';
    this.code = code;
  }
}
