import type { JobLimits } from './codec-process.ts';
import { AudioError } from './errors.ts';

/** Limits that every request to the codecs has. */
export interface Limits {
  /** Milliseconds until the request is given up, 1 to 2^31 - 1 (25 days); 120,000 if not given. */
  timeout?: number | undefined;
  /** Stops the request. */
  signal?: AbortSignal | undefined;
}

const defaultTimeout = 120_000;
/** Of `setTimeout`: what is longer would end at once. */
const longestTimeout = 2 ** 31 - 1;
/** Bytes of a file: 4 GiB, what a WAV file can hold. */
export const defaultMaxBytes = 4 * 2 ** 30;
/** Seconds. */
export const defaultMaxDuration = 30 * 60;
/** Bytes of decoded samples. */
export const defaultMaxMemory = 2 * 2 ** 30;

/** A request's limits with their defaults. Throws an `AudioError` (`invalid`) for a timeout that cannot be kept. */
export function checkedLimits({ timeout = defaultTimeout, signal }: Limits): JobLimits {
  checkNumber('timeout', timeout, 1, longestTimeout);
  return { timeout, signal };
}

/** Throws an `AudioError` (`invalid`) unless `value` is a number from `least` to `most`. */
export function checkNumber(name: string, value: number, least: number, most = Infinity): void {
  if (typeof value === 'number' && value >= least && value <= most) return;
  const range = most === Infinity ? `at least ${least}` : `between ${least} and ${most}`;
  throw new AudioError('invalid', `${name} must be ${range} (got ${String(value)})`);
}
