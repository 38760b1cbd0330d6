import { AudioError } from './errors.ts';

/** Limits that every request to the codecs has. */
export interface Limits {
  /** Milliseconds until the request is given up; 120,000 if not given. */
  timeout?: number | undefined;
  /** Stops the request. */
  signal?: AbortSignal | undefined;
}

export const defaultTimeout = 120_000;
/** Bytes of a file: 4 GiB, what a WAV file can hold. */
export const defaultMaxBytes = 4 * 2 ** 30;
/** Seconds. */
export const defaultMaxDuration = 30 * 60;
/** Bytes of decoded samples. */
export const defaultMaxMemory = 2 * 2 ** 30;

/** Throws an `AudioError` (`invalid`) unless `value` is a number from `least` to `most`. */
export function checkNumber(name: string, value: number, least: number, most = Infinity): void {
  if (typeof value === 'number' && value >= least && value <= most) return;
  const range = most === Infinity ? `at least ${least}` : `${least} to ${most}`;
  throw new AudioError('invalid', `${name} is ${String(value)}; it must be ${range}.`);
}
