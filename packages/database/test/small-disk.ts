import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A separate disk that a test can fill. */
export interface SmallDisk {
  folder: string;
  /** Leaves so many bytes free. */
  fill(free: number): void;
  /** Makes room again. */
  empty(): void;
  close(): void;
}

/** A small disk in memory; undefined where this process may not mount one, which is root's alone on Linux. */
export function smallDisk(megabytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'retone-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', folder]);
  if (mounted.status !== 0) {
    rmdirSync(folder);
    return undefined;
  }
  const filling = join(folder, 'filling');
  return {
    folder,
    fill(free) {
      const { bavail, bsize } = statfsSync(folder);
      try {
        writeFileSync(filling, Buffer.alloc(Math.max(0, bavail * bsize - free)));
      } catch (error) {
        // Who uses the disk wrote meanwhile: it is full all the same.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    },
    empty: () => rmSync(filling, { force: true }),
    close() {
      // Lazily: a process that was killed may still hold files.
      spawnSync('umount', ['-l', folder]);
      rmdirSync(folder);
    },
  };
}
