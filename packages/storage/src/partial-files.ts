import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

// The name of a file that is being written says who writes it: machine.process.run.random
// - machine: host and process name space, for within those alone a process number means something (containers!);
// - run: a number of this run of the program, as in a container every run may be process 1.
const machine = createHash('sha256').update(`${hostname()} ${processNameSpace()}`).digest('hex').slice(0, 16);
const run = randomBytes(8).toString('hex');

/** Milliseconds without a write after which any machine's file is taken for abandoned. */
const longestPause = 24 * 60 * 60 * 1000;

/** A fresh name for a file that this process is writing. */
export function partialName(): string {
  return `${machine}.${process.pid}.${run}.${randomBytes(8).toString('hex')}`;
}

/** Removes what processes that have died were writing into `folder`. */
export function removeStale(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (isStale(folder, name)) rmSync(join(folder, name), { force: true });
  }
}

function isStale(folder: string, name: string): boolean {
  const [itsMachine, itsProcess, itsRun] = name.split('.');
  if (itsMachine === machine) {
    return Number(itsProcess) === process.pid ? itsRun !== run : !isAlive(Number(itsProcess));
  }
  const written = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs;
  return written !== undefined && Date.now() - written > longestPause;
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // EPERM: there is such a process, of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function processNameSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // not Linux
  }
}
