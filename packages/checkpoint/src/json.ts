import { disk } from '#disk';
import { mistaken } from './content.ts';
import { CheckpointError } from './errors.ts';
import { type Bytes, type Files, readAll } from './files.ts';

/**
 * A file's content.
 *
 * @param files where the path is; default: the disk
 * @throws CheckpointError when the file cannot be read or is not JSON
 */
export function readJson(path: string, files: Files = disk): unknown {
  let bytes: Bytes;
  try {
    bytes = files.open(path);
  } catch (cause) {
    throw new CheckpointError('not-found', (cause as Error).message, { cause });
  }
  try {
    return parsed(path, bytes);
  } finally {
    bytes.close();
  }
}

function parsed(path: string, bytes: Bytes): unknown {
  const text = new TextDecoder().decode(readAll(bytes));
  try {
    return JSON.parse(text);
  } catch (cause) {
    const other = mistaken(bytes);
    if (other) throw new CheckpointError('bad-config', `${path} ${other}`, { cause });
    // The message may quote the file, line breaks included.
    const message = (cause as Error).message.replace(/\s+/g, ' ');
    throw new CheckpointError('bad-config', `${path} is not valid JSON: ${message}`, { cause });
  }
}
