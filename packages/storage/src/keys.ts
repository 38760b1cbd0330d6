import { randomBytes } from 'node:crypto';
import { StorageError } from './errors.ts';

/** A part of a key. It neither starts nor ends with a dot: no `..`, no hidden file, nothing that Windows would rename. */
const part = /^[\w-](?:[\w.-]*[\w-])?$/;
const mostInPart = 200;
const mostInKey = 800;

/**
 * Throws a `StorageError` (`bad-key`) unless `key` is parts of ASCII letters, digits, `_`, `-` and inner dots, joined
 * by `/`: a relative path that stays where it is put, on any disk, and an S3 key that needs no escaping.
 */
export function checkKey(key: string): void {
  const parts = key.split('/');
  if (key.length <= mostInKey && parts.every((p) => p.length <= mostInPart && part.test(p))) return;
  throw new StorageError('bad-key', `${JSON.stringify(key.slice(0, 80))} is not a key of a file`);
}

/** Throws a `StorageError` (`bad-key`) unless some key can start with `prefix`. */
export function checkPrefix(prefix: string): void {
  // A name that is cut in the middle of a part may end with a dot.
  if (prefix !== '') checkKey(`${prefix}x`);
}

/** A secret of 256 random bits in 43 characters that URLs and keys can hold: a client that has not seen it cannot name the file. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}
