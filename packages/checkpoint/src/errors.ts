import { CodedError } from '@retone/common';
/** Error codes of checkpoints, for programs; the message is for people. */
export type CheckpointErrorCode =
  | 'not-found'
  | 'not-safetensors'
  | 'bad-header'
  | 'bad-tensor'
  | 'bad-config'
  | 'missing-tensors'
  | 'unsupported';

/** A checkpoint file or its configuration cannot be used. The message is one line: what, where, and what would be right. */
export class CheckpointError extends CodedError<CheckpointErrorCode> {}

/** One line on a wrong value: `right` follows "must", as in "be at least 1". */
export function mustBe(key: string, value: unknown, right: string): string {
  return value === undefined ? `${key} is missing; it must ${right}` : `${key} must ${right} (got ${shown(value)})`;
}

/** A value from an untrusted file, short enough for a one-line message. */
export function shown(value: unknown): string {
  if (value === undefined) return 'absent';
  // Only flat values are written out: nesting may be deeper than the stack.
  if (isNested(value)) return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function isNested(value: unknown): boolean {
  const isObject = (each: unknown) => typeof each === 'object' && each !== null;
  return Array.isArray(value) ? value.some(isObject) : isObject(value);
}
