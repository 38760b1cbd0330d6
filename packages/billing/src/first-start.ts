import type { Database } from '@retone/database';
import { type Account, Accounts } from './accounts.ts';
import { ApiKeys } from './keys.ts';
import { Ledger } from './ledger.ts';

/** Credit of the first account, in micro-dollars: $10,000, more than 200,000 requests to the dearest model. */
export const startingCredit = 10_000_000_000;

/**
 * Makes an account with credit and a key where there is no account yet. Several processes may start at once: one of them
 * makes it.
 *
 * @param credit micro-dollars
 * @returns the account and the key to print, which cannot be shown again; undefined where there was an account
 */
export function firstStart(
  database: Database,
  credit: number = startingCredit,
): Promise<{ account: Account; key: string } | undefined> {
  return database.transaction(async (tx) => {
    await tx.query('LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE');
    const [any] = await tx.query('SELECT id FROM accounts LIMIT 1');
    if (any) return undefined;
    const by = 'first start';
    const account = await new Accounts(tx).create('default', by);
    if (credit > 0) await new Ledger(tx).credit(account.id, credit, by);
    const { key } = await new ApiKeys(tx).create(account.id, 'default', by);
    return { account, key };
  });
}
