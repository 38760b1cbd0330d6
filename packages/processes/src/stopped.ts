import { readFileSync } from 'node:fs';

/** Whether a process is stopped (SIGSTOP, a debugger). False where the system does not say so. */
export function isStopped(id: number): boolean {
  try {
    // proc(5): the state follows the name, which is in parentheses and may contain some itself.
    const state = readFileSync(`/proc/${id}/stat`, 'latin1').split(') ').at(-1)![0];
    return state === 'T' || state === 't';
  } catch {
    return false; // it has ended, or this is not Linux
  }
}
