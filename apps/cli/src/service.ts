import { join } from 'node:path';
import { Accounts, ApiKeys, billingMigrations, dollarText, firstStart, Ledger, microDollars } from '@retone/billing';
import { type Database, migrate, openDatabase } from '@retone/database';
import { buildApp, describeSettings, readSettings, Service, type Settings } from '@retone/server';
import { type Flags, parse, UsageError } from './arguments.ts';
import type { Command } from './command.ts';

// The service from the command line: running it, and its keys and credit. Settings are environment variables.

const settingsHelp = `Settings are environment variables:\n${describeSettings()}`;
const nameFlag = { name: { type: 'string', value: 'text', help: 'what the key is for' } } satisfies Flags;
const accountFlag = {
  account: { type: 'string', value: 'id', help: 'which account; default: the first' },
} satisfies Flags;

/** Runs API, worker or both until it is told to stop. */
function serving(parts: { api: boolean; worker: boolean }): Command['run'] {
  return async (_args, signal) => {
    const settings = readSettings(process.env);
    const service = await Service.open(settings, { onError: (error) => console.error(`retone: ${error.message}`) });
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
      process.once('SIGTERM', () => resolve());
    });
    const first = await firstStart(service.database);
    if (first) console.log(`The first account was made. Its key is shown this once:\n\n  ${first.key}\n`);
    const app = parts.api ? buildApp(service, { level: 'info' }) : undefined;
    try {
      if (parts.worker) await service.startWorker();
      if (app) {
        const url = await app.listen({ host: settings.RETONE_HOST, port: settings.RETONE_PORT });
        service.listensAt(url);
        console.log(`Retone listens at ${service.publicUrl()}`);
      } else console.log('Retone works on tasks');
      await stopped;
    } finally {
      await app?.close();
      await service.close();
    }
  };
}

/** Runs something on the service's database. */
async function onDatabase<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
  const settings: Settings = readSettings(process.env);
  const database = await openDatabase({ url: settings.DATABASE_URL, folder: join(settings.RETONE_DATA, 'database') });
  try {
    await migrate(database, billingMigrations);
    return await work(database);
  } finally {
    await database.close();
  }
}

async function accountId(database: Database, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const [first] = await new Accounts(database).list();
  if (!first) throw new UsageError('there is no account yet; retone serve makes the first one');
  return first.id;
}

const by = 'command line';

/** The commands of whoever runs a service. */
export const serviceCommands: Record<string, Command> = {
  serve: {
    summary: 'run the service: API and worker',
    usage: `\n\n${settingsHelp}`,
    flags: {},
    run: serving({ api: true, worker: true }),
  },
  api: {
    summary: 'run the API alone',
    usage: `\n\n${settingsHelp}`,
    flags: {},
    run: serving({ api: true, worker: false }),
  },
  worker: {
    summary: 'run a worker alone',
    usage: `\n\n${settingsHelp}`,
    flags: {},
    run: serving({ api: false, worker: true }),
  },
  keys: {
    summary: 'API keys: create, list, revoke',
    usage: 'create [--name text] [--account id] | list | revoke <key id>',
    flags: { ...nameFlag, ...accountFlag },
    async run(args) {
      const { values, positionals } = parse(args, { ...nameFlag, ...accountFlag });
      const [verb, id] = positionals;
      await onDatabase(async (database) => {
        const keys = new ApiKeys(database);
        if (verb === 'create') {
          const { key } = await keys.create(await accountId(database, values.account), values.name ?? 'unnamed', by);
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
    },
  },
  accounts: {
    summary: 'accounts: list, credit',
    usage: 'list | credit <dollars> [--account id]',
    flags: accountFlag,
    async run(args) {
      const { values, positionals } = parse(args, accountFlag);
      const [verb, amount] = positionals;
      await onDatabase(async (database) => {
        const ledger = new Ledger(database);
        if (verb === 'list') {
          for (const { id, name, status } of await new Accounts(database).list()) {
            console.log(`${id}  ${name}  ${status}  ${dollarText(await ledger.balance(id))}`);
          }
        } else if (verb === 'credit' && amount) {
          const id = await accountId(database, values.account);
          await ledger.credit(id, microDollars(amount), by);
          console.log(`${id} has ${dollarText(await ledger.balance(id))}`);
        } else throw new UsageError('accounts takes list, or credit with an amount in dollars');
      });
    },
  },
};
