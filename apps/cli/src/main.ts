import { readFileSync } from 'node:fs';
import { AudioError } from '@retone/audio';
import { CheckpointError } from '@retone/checkpoint';
import { RetoneError } from '@retone/client';
import { EngineError } from '@retone/engine';
import { HubError } from '@retone/hub';
import { describe, UsageError } from './arguments.ts';
import type { Command } from './command.ts';
import { codingCommands } from './commands/coding.ts';
import { modelCommands } from './commands/models.ts';
import { serviceCommands } from './commands/service.ts';
import { soundCommands } from './commands/sound.ts';
import { watchCommands } from './commands/watch.ts';

const commands: Record<string, Command> = {
  ...soundCommands,
  ...watchCommands,
  ...codingCommands,
  ...modelCommands,
  ...serviceCommands,
};

// Exit codes: 0 done, 1 it could not be done, 2 the command line was wrong, 130 interrupted.

const [name, ...args] = process.argv.slice(2);
const json = args.includes('--json');

if (name === '--version' || name === '-v') {
  console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version);
} else if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
  console.log(overview());
} else {
  await run(name);
}

async function run(name: string): Promise<void> {
  const command = commands[name];
  if (!command) return fail(`there is no command "${name}"; there are ${Object.keys(commands).join(', ')}`, 'usage', 2);
  if (args.includes('--help') || args.includes('-h')) {
    const usage = typeof command.usage === 'string' ? command.usage : await command.usage();
    console.log(`${command.summary}\n\nusage: retone ${name} ${usage}\n\n${describe(command.flags)}`);
    return;
  }
  const interrupt = new AbortController();
  process.on('SIGINT', () => {
    // A step of the network cannot be stopped half-way; a second interrupt ends the process at once.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  });
  // Ended by another program: what was only reserved is given back.
  if (!Object.hasOwn(serviceCommands, name)) {
    process.once('SIGTERM', () => process.exit(143));
    process.once('SIGHUP', () => process.exit(129));
  }
  try {
    await command.run(args, interrupt.signal);
    // The codec process may still be warm.
    process.exit(0);
  } catch (error) {
    if (interrupt.signal.aborted) return fail('interrupted', 'interrupted', 130);
    if (error instanceof UsageError) return fail(`${error.message} (retone ${name} --help)`, 'usage', 2);
    for (const known of [AudioError, CheckpointError, EngineError, HubError, RetoneError]) {
      if (error instanceof known) return fail(error.message, error.code, 1);
    }
    const { message, code = 'internal' } = error as NodeJS.ErrnoException;
    return fail(process.env.RETONE_DEBUG ? (error as Error).stack! : message, code, 1);
  }
}

function fail(message: string, code: string, exitCode: number): never {
  if (json) console.log(JSON.stringify({ error: { code, message } }));
  else console.error(`retone: ${process.env.RETONE_DEBUG ? message : message.replace(/\s+/g, ' ')}`);
  process.exit(exitCode);
}

function overview(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(11)}${summary}`);
  return `Retone gives a recording back transformed, as a sentence says.\n\nusage: retone <command> [options]\n\n${lines.join('\n')}\n\nretone <command> --help lists its options.`;
}
