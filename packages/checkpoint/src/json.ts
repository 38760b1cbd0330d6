import { readFileSync } from 'node:fs';
import { mistaken } from './content.ts';
import { CheckpointError } from './errors.ts';

/** @throws CheckpointError when the file cannot be read or is not JSON. */
export function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CheckpointError('not-found', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const other = mistaken(path);
    if (other) throw new CheckpointError('bad-config', `${path} ${other}`, { cause });
    // The message may quote the file, line breaks included.
    const message = (cause as Error).message.replace(/\s+/g, ' ');
    throw new CheckpointError('bad-config', `${path} is not valid JSON: ${message}`, { cause });
  }
}
