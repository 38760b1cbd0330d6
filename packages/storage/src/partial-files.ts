import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

// The name of a file that is being written says by whom: machine.process.start.random
// "machine" is the host and its space of process numbers, for within these alone a number means something (containers!),
// and "start" is when the process of that number started, for numbers are used again.
const machine = createHash('sha256').update(`${hostname()} ${processSpace()}`).digest('hex').slice(0, 16);
const writer = `${machine}.${process.pid}.${startOf(process.pid)}`;

/** Milliseconds without a write after which any machine's file is taken for abandoned. */
const longestPause = 24 * 60 * 60 * 1000;

/** A fresh name for a file that this process is writing. */
export function partialName(): string {
  return `${writer}.${randomBytes(8).toString('hex')}`;
}

/** Removes what processes that have died were writing into `folder`. */
export function removeStale(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (isStale(folder, name)) rmSync(join(folder, name), { force: true });
  }
}

function isStale(folder: string, name: string): boolean {
  const [itsMachine, itsProcess, itsStart] = name.split('.');
  if (itsMachine === machine && startOf(Number(itsProcess)) !== itsStart) return true;
  const written = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs;
  return written !== undefined && Date.now() - written > longestPause;
}

/** When a living process started, in the system's own count (`-` if unknown); undefined if it is dead. */
function startOf(id: number): string | undefined {
  if (process.platform !== 'linux') return isAlive(id) ? '-' : undefined;
  try {
    // The name, which may have anything in it, is in brackets. The state follows, and 19 fields on the start.
    const fields = readFileSync(`/proc/${id}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function isAlive(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    // EPERM: there is such a process, of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function processSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // not Linux
  }
}
