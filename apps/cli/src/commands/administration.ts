import { join } from 'node:path';
import { Accounts, ApiKeys, billingMigrations, dollarText, Ledger, microDollars } from '@retone/billing';
import { type Database, migrate, openDatabase } from '@retone/database';
import { readSettings } from '@retone/server';
import { type Flags, parse, UsageError, type Values } from '../arguments.ts';

// Keys, accounts and credit, on the service's database.

type AccountFlags = { name: Flags[string] & { type: 'string' }; account: Flags[string] & { type: 'string' } };

/** Who acts, for the audit. */
const by = 'command line';

/** `retone keys ...` */
export async function keys(args: string[], flags: AccountFlags): Promise<void> {
  const { values, positionals } = parse(args, flags);
  const [verb, id] = positionals;
  await onDatabase(async (database) => {
    const keys = new ApiKeys(database);
    if (verb === 'create') {
      const { key } = await keys.create(await accountId(database, values), values.name ?? 'unnamed', by);
      console.log(`The key is shown this once:\n\n  ${key}\n`);
    } else if (verb === 'list') {
      for (const key of await keys.list(values.account)) {
        const used = key.lastUsedAt ? `used ${key.lastUsedAt.toISOString()}` : 'never used';
        console.log(`${key.id}  ${key.prefix}…  ${key.name}  ${key.revokedAt ? 'revoked' : used}`);
      }
    } else if (verb === 'revoke' && id) {
      await keys.revoke(id, by);
      console.log(`${id} is revoked`);
    } else throw new UsageError('keys takes create, list, or revoke with a key id');
  });
}

/** `retone accounts ...` */
export async function accounts(args: string[], flags: AccountFlags): Promise<void> {
  const { values, positionals } = parse(args, flags);
  const [verb, amount] = positionals;
  await onDatabase(async (database) => {
    const accounts = new Accounts(database);
    const ledger = new Ledger(database);
    const id = () => accountId(database, values);
    if (verb === 'list') {
      for (const { id, name, status } of await accounts.list()) {
        console.log(`${id}  ${name}  ${status}  ${dollarText(await ledger.balance(id))}`);
      }
    } else if (verb === 'create' && values.name !== undefined) {
      console.log((await accounts.create(values.name, by)).id);
    } else if (verb === 'credit' && amount) {
      await ledger.credit(await id(), microDollars(amount), by);
      console.log(`${await id()} has ${dollarText(await ledger.balance(await id()))}`);
    } else if (verb === 'suspend' || verb === 'resume') {
      const { status } = await accounts[verb](await id(), by);
      console.log(`${await id()} is ${status}`);
    } else if (verb === 'rotate-secret') {
      console.log(await accounts.rotateWebhookSecret(await id(), by));
    } else {
      const verbs = 'list, create with --name, credit with an amount in dollars, suspend, resume, or rotate-secret';
      throw new UsageError(`accounts takes ${verbs}`);
    }
  });
}

/** Runs something on the service's database. */
async function onDatabase(work: (database: Database) => Promise<void>): Promise<void> {
  const { DATABASE_URL: url, RETONE_DATA: folder } = readSettings(process.env);
  const database = await openDatabase({ url, folder: join(folder, 'database') });
  try {
    await migrate(database, billingMigrations);
    await work(database);
  } finally {
    await database.close();
  }
}

async function accountId(database: Database, { account }: Values<AccountFlags>): Promise<string> {
  if (account !== undefined) return account;
  const [first] = await new Accounts(database).list();
  if (!first) throw new UsageError('there is no account yet; retone serve makes the first one');
  return first.id;
}
