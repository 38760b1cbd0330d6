import { basename, resolve } from 'node:path';
import type { Source } from './jobs.ts';

/** The input of a request as the codec process takes it. Bytes in memory are called `name` in messages. */
export function sourceOf(input: string | Uint8Array, name = 'The sound'): Source {
  return typeof input === 'string' ? { name: basename(input) || input, path: resolve(input) } : { name, bytes: input };
}
