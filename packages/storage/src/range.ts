import { StorageError } from './errors.ts';
import type { ByteRange } from './store.ts';

/** The error of a range that the file does not have. */
export function outOfRange({ start, end }: ByteRange): StorageError {
  return new StorageError('out-of-range', `the file has no bytes from ${start} to ${end}`);
}

/**
 * The part of a range that a file of `size` bytes has.
 * @throws StorageError `out-of-range` if that is nothing
 */
export function clamp(range: ByteRange, size: number): ByteRange {
  const { start, end } = range;
  if (!(Number.isSafeInteger(start) && start >= 0 && start < size && end >= start)) throw outOfRange(range);
  return { start, end: Math.min(end, size - 1) };
}
