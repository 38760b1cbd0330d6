import { type Database, migrate } from '@retone/database';
import { type Account, Accounts, billingMigrations, Ledger } from '../src/index.ts';

/** Gives an empty database the billing tables. */
export async function withBooks(database: Database): Promise<Database> {
  await migrate(database, billingMigrations);
  return database;
}

/** An account that starts with so many micro-dollars. */
export async function accountWith(database: Database, credit: number): Promise<Account> {
  const account = await new Accounts(database).create('test', 'test');
  if (credit > 0) await new Ledger(database).credit(account.id, credit, 'test');
  return account;
}
