import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder, tryLock } from '@retone/common';

/** Milliseconds between looks whether a lock is free. */
const interval = 250;

/**
 * Waits until no other process has a lock, and takes it until the returned function is called or the process ends.
 *
 * @param onWait called once when another process has it
 */
export async function takeLock(path: string, onWait: () => void, signal?: AbortSignal): Promise<() => void> {
  makeFolder(dirname(path));
  for (let waited = false; ; waited = true) {
    const release = tryLock(path);
    if (release) return release;
    if (!waited) onWait();
    await sleep(interval, undefined, { signal });
  }
}
