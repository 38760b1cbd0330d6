import { rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { UsageError } from '../arguments.ts';

// One process at a time has the embedded database open. While that is the service, it carries out the commands of
// administrators itself: they come through a socket in its data folder, which only the owner of the folder can reach.

/** Output of a command, and its error if it failed. */
interface Outcome {
  lines: string[];
  error?: { message: string; code: string; isUsage: boolean };
}

/** Where a service with this data folder listens for commands. */
export function socketPath(dataFolder: string): string {
  // Windows has named pipes instead.
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\retone-${encodeURIComponent(dataFolder)}`
    : join(dataFolder, 'admin.sock');
}

/**
 * Takes commands until the returned function is called.
 *
 * @param run carries out a command; its output is returned to the sender
 */
export async function listenForCommands(
  dataFolder: string,
  run: (name: string, args: string[], print: (line: string) => void) => Promise<void>,
): Promise<() => void> {
  const path = socketPath(dataFolder);
  // The socket of a process that died; a living one would hold the lock of the database.
  rmSync(path, { force: true });
  const server = createServer(async (asked, answer) => {
    const outcome: Outcome = { lines: [] };
    try {
      const { name, args } = JSON.parse(await text(asked)) as { name: string; args: string[] };
      await run(name, args, (line) => outcome.lines.push(line));
    } catch (error) {
      const { message, code = 'internal' } = error as NodeJS.ErrnoException;
      outcome.error = { message, code, isUsage: error instanceof UsageError };
    }
    answer.end(JSON.stringify(outcome));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return () => {
    server.close();
    server.closeAllConnections();
    rmSync(path, { force: true });
  };
}

/**
 * Has the service of a data folder carry out a command. False when no service listens there.
 *
 * @throws UsageError or an Error with the code of what went wrong in the service
 */
export async function sendCommand(
  dataFolder: string,
  name: string,
  args: string[],
  print: (line: string) => void,
): Promise<boolean> {
  const body = await new Promise<string | undefined>((resolve, reject) => {
    const sent = request({ socketPath: socketPath(dataFolder), method: 'POST' }, (answer) => {
      text(answer).then(resolve, reject);
    });
    sent.on('error', () => resolve(undefined));
    sent.end(JSON.stringify({ name, args }));
  });
  if (body === undefined) return false;
  const { lines, error } = JSON.parse(body) as Outcome;
  for (const line of lines) print(line);
  if (error?.isUsage) throw new UsageError(error.message);
  if (error) throw Object.assign(new Error(error.message), { code: error.code });
  return true;
}
