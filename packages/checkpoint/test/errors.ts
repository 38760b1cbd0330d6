import { CheckpointError } from '@retone/checkpoint';
import { expect } from 'vitest';

/** The error of an action that must fail: a CheckpointError whose message is one line. */
export function errorOf(action: () => unknown): CheckpointError {
  let error: unknown = new Error('it did not fail');
  try {
    action();
  } catch (reason) {
    error = reason;
  }
  expect(error).toBeInstanceOf(CheckpointError);
  expect((error as CheckpointError).message).toMatch(/^.+$/);
  return error as CheckpointError;
}
