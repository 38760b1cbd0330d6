import { GuardError, type GuardErrorCode } from '@retone/storage';
import { expect } from 'vitest';

/** The error of a request that must fail: a GuardError of one line. */
export async function guardErrorOf(request: Promise<unknown>, ...codes: GuardErrorCode[]): Promise<GuardError> {
  const error = await request.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GuardError);
  const { code, message } = error as GuardError;
  expect(codes).toContain(code);
  expect(message).toMatch(/^[^\n]{1,249}[^.\n]$/);
  return error as GuardError;
}
