import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** The file that says what the others of its folder are. */
const sealName = 'seal.json';

interface SealedFile {
  bytes: number;
  crc32: number;
  /** Time of the last change. */
  changed: number;
}

/** Notes the files of a folder, so that {@link matchesSeal} can check whether they are still the same. */
export function seal(folder: string): void {
  const files = readdirSync(folder).map((name): [string, SealedFile] => {
    const path = join(folder, name);
    const { size, mtimeMs } = statSync(path);
    return [name, { bytes: size, crc32: checksum(path), changed: mtimeMs }];
  });
  writeFileSync(join(folder, sealName), JSON.stringify(Object.fromEntries(files)));
}

/** Whether a folder is sealed and whole. Only files that were touched since are read. */
export function matchesSeal(folder: string): boolean {
  let sealed: Record<string, SealedFile>;
  try {
    sealed = JSON.parse(readFileSync(join(folder, sealName), 'utf8'));
  } catch {
    return false;
  }
  return Object.entries(sealed).every(([name, { bytes, crc32, changed }]) => {
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat?.size === bytes && (stat.mtimeMs === changed || checksum(path) === crc32);
  });
}

function checksum(path: string): number {
  const descriptor = openSync(path, 'r');
  const block = new Uint8Array(1 << 22);
  let sum = 0;
  try {
    for (let count = -1; count !== 0; sum = crc32(block.subarray(0, count), sum)) count = readSync(descriptor, block);
    return sum;
  } finally {
    closeSync(descriptor);
  }
}
