import { keyFlags, taskFlags } from '../administration/flags.ts';
import type { Command } from '../command.ts';
import { mcpCommands } from './mcp.ts';

// The service from the command line. What does the work is loaded when it is asked for: it takes longer to load than
// many a command takes to run.

function administering(name: string): Command['run'] {
  return async (args) => (await import('../administration/index.ts')).administer(name, args);
}

async function settingsHelp(): Promise<string> {
  const { describeSettings } = await import('@retone/server');
  return `\n\nSettings are environment variables:\n${describeSettings()}`;
}

function serving(parts: { api: boolean; worker: boolean }): Command['run'] {
  return async (_args, signal) => (await import('./serving.ts')).serve(parts, signal);
}

/** The commands of a service's operator. */
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
  ...mcpCommands,
  keys: {
    summary: 'API keys: create, list, revoke',
    usage: 'create [--name text] [--account id] | list | revoke <key id>',
    flags: keyFlags,
    run: administering('keys'),
  },
  accounts: {
    summary: 'accounts: list, create, credit, suspend, resume, rotate-secret',
    usage:
      'list | create --name text | credit <dollars> | suspend | resume | rotate-secret, each [--account id]; ' +
      'rotate-secret replaces the secret that webhooks are signed with',
    flags: keyFlags,
    run: administering('accounts'),
  },
  tasks: {
    summary: 'tasks: list, show, cancel, requeue',
    usage:
      'list [--account id] [--status status] [--limit count] | show <id> | cancel <id>... | requeue <id>...; requeue gives a ' +
      'task that has not ended to another worker',
    flags: taskFlags,
    run: administering('tasks'),
  },
  backup: {
    summary: 'back up database and files, while the service runs',
    usage: '<new folder>',
    flags: {},
    run: administering('backup'),
  },
  restore: {
    summary: 'restore a backup into an empty database and store',
    usage: '<folder>',
    flags: {},
    run: async (args) => (await import('../administration/backup.ts')).restore(args),
  },
  doctor: {
    summary: 'check database, ledger, storage, models, clock and disk',
    usage: '',
    flags: {},
    run: administering('doctor'),
  },
};
