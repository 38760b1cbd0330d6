import { CodedError } from '@retone/common';
/** Error codes of billing, for programs; the message is for people. */
export type BillingErrorCode =
  | 'unknown-account'
  | 'unknown-key'
  | 'bad-name'
  | 'bad-amount'
  | 'bad-limit'
  | 'insufficient-credit';

/** An account, a key or an entry cannot be made or found as asked. */
export class BillingError extends CodedError<BillingErrorCode> {}

/** @throws BillingError `unknown-account` */
export function unknownAccount(id: string): never {
  throw new BillingError('unknown-account', `there is no account "${id}"`);
}

/**
 * A name given to an account or a key, without blanks around it.
 *
 * @throws BillingError `bad-name`
 */
export function checkedName(name: string): string {
  const trimmed = name.trim();
  if (/^\P{Cc}{1,100}$/u.test(trimmed)) return trimmed;
  throw new BillingError('bad-name', 'a name has 1 to 100 characters and no control characters');
}
