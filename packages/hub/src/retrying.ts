import { setTimeout as sleep } from 'node:timers/promises';
import { Passing } from './errors.ts';

/** Tries in a row without any progress. */
const maxTries = 5;
/** Longest wait between two tries in milliseconds, whatever a server asks for. */
const longestWait = 60_000;

export interface Patience {
  /** Milliseconds before the second try; doubled at each. */
  firstWaitMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * Does something again while it fails with what may pass.
 *
 * @param work what to do; calling `progressed` restarts the count of attempts
 * @throws the last failure; the signal's reason when it is aborted
 */
export async function retrying<Result>(
  work: (progressed: () => void) => Promise<Result>,
  { firstWaitMs, signal }: Patience,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await work(() => {
        tries = 1;
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Passing) || tries >= maxTries) throw error;
      const wait = Math.min(error.waitMs ?? firstWaitMs * 2 ** (tries - 1), longestWait);
      await sleep(wait, undefined, { signal });
    }
  }
}
