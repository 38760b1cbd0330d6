import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between looks whether a lock is free. */
const interval = 250;
const sqliteBusy = 5;

/**
 * Waits until no other process has a lock, and takes it until the returned function is called or the process ends, however
 * it ends: it is the operating system's, on a file, taken through SQLite because Node itself has no file locks.
 *
 * @param onWait called once when another process has it
 */
export async function takeLock(path: string, onWait: () => void, signal?: AbortSignal): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true });
  for (let waited = false; ; waited = true) {
    const release = tryLock(path);
    if (release) return release;
    if (!waited) onWait();
    await sleep(interval, undefined, { signal });
  }
}

function tryLock(path: string): (() => void) | undefined {
  const lock = new DatabaseSync(path);
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return () => lock.close();
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy) return undefined;
    throw error;
  }
}
