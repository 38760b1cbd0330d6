import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes a file so that other processes see all of it or nothing, also if this process is killed half-way.
 *
 * @param write writes to a path in the same folder, which is then renamed
 */
export async function writeAtomically(path: string, write: (part: string) => Promise<unknown>): Promise<void> {
  // Short whatever the file's own name is: a file system takes 255 bytes.
  const part = join(dirname(path), `.retone-${randomUUID().slice(0, 8)}.part`);
  try {
    await write(part);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
