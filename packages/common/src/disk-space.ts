import { type StatsFs, statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';

/** Bytes that this user can still write on the disk of a folder; Infinity where the file system does not say. */
export async function freeBytes(folder: string): Promise<number> {
  return freeIn(await statfs(folder));
}

/** {@link freeBytes} for local disks, whose answer does not wait. */
export function freeBytesSync(folder: string): number {
  return freeIn(statfsSync(folder));
}

/** Some file systems of the network report no blocks at all. */
function freeIn({ bavail, bsize, blocks }: StatsFs): number {
  return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
}
