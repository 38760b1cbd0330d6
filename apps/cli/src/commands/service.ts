import type { Flags } from '../arguments.ts';
import type { Command } from '../command.ts';

// The service from the command line. What does the work is loaded when it is asked for: it takes longer to load than
// many a command takes to run.

const account = {
  account: { type: 'string', value: 'id', help: 'which account; default: the first' },
} satisfies Flags;
const keyFlags = {
  name: { type: 'string', value: 'text', help: 'what the key, or the account, is for' },
  ...account,
} satisfies Flags;

async function settingsHelp(): Promise<string> {
  const { describeSettings } = await import('@retone/server');
  return `\n\nSettings are environment variables:\n${describeSettings()}`;
}

function serving(parts: { api: boolean; worker: boolean }): Command['run'] {
  return async (_args, signal) => (await import('./serving.ts')).serve(parts, signal);
}

/** The commands of whoever runs a service. */
export const serviceCommands: Record<string, Command> = {
  serve: {
    summary: 'run the service: API and worker',
    usage: settingsHelp,
    flags: {},
    run: serving({ api: true, worker: true }),
  },
  api: {
    summary: 'run the API alone',
    usage: settingsHelp,
    flags: {},
    run: serving({ api: true, worker: false }),
  },
  worker: {
    summary: 'run a worker alone',
    usage: settingsHelp,
    flags: {},
    run: serving({ api: false, worker: true }),
  },
  keys: {
    summary: 'API keys: create, list, revoke',
    usage: 'create [--name text] [--account id] | list | revoke <key id>',
    flags: keyFlags,
    run: async (args) => (await import('./administration.ts')).keys(args, keyFlags),
  },
  accounts: {
    summary: 'accounts: list, create, credit, suspend, resume, rotate-secret',
    usage:
      'list | create --name text | credit <dollars> | suspend | resume | rotate-secret, each [--account id]; ' +
      'rotate-secret replaces the secret that webhooks are signed with',
    flags: keyFlags,
    run: async (args) => (await import('./administration.ts')).accounts(args, keyFlags),
  },
};
