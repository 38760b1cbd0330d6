import { freeBytes } from '@retone/common';
import { bytesText } from './bytes.ts';
import { HubError } from './errors.ts';

/** @throws HubError when the disk of a folder has not this many bytes left for this user */
export async function checkSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (bytes <= free) return;
  throw new HubError(
    'disk-full',
    `${bytesText(bytes)} are needed on the disk of ${folder}, which has ${bytesText(free)} left; ` +
      'make room, or set RETONE_MODELS to a folder on another disk',
  );
}

/** Translates a failed write: a full disk gets its own message, other errors pass through. */
export function writeFailure(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new HubError(
    'disk-full',
    `the disk is full: ${path} could not be written. What was fetched is kept; make room and pull again`,
    { cause: error },
  );
}
