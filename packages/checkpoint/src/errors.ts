/** What is wrong with a checkpoint, for programs; the message says it for people. */
export type CheckpointErrorCode =
  | 'not-found'
  | 'not-safetensors'
  | 'bad-header'
  | 'bad-tensor'
  | 'bad-config'
  | 'missing-tensors'
  | 'unsupported';

/** A checkpoint file or its configuration cannot be used. The message is one line: what, where, and what would be right. */
export class CheckpointError extends Error {
  readonly code: CheckpointErrorCode;

  constructor(code: CheckpointErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CheckpointError';
    this.code = code;
  }
}
