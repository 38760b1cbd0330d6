import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Checkpoint, SafetensorsFile, writeSafetensors } from '@retone/checkpoint';
import { evictOldest, makeFolder, markUsed } from '@retone/common';
import type { Adapter } from '../adapter.ts';
import { cacheFolder, cacheLimit, writingCache } from '../cache/cache.ts';
import { CacheError } from '../cache/cache-error.ts';
import { describeFile, fingerprint } from '../cache/fingerprint.ts';
import type { Keep } from '../keep.ts';
import { type FoldedWeights, foldedTensors } from './fold.ts';
import { Adapters } from './lora.ts';

// Weights with adapters folded in are kept in files of their own, one for every set of adapters and strengths, from where
// the system maps them into memory as it does with a checkpoint's own. The least recently used ones are evicted first.

/** Raised whenever folding changes, so that older files are not used any more. */
const formatVersion = 2;

export type KeptFoldOptions = Parameters<Keep['foldedWeights']>[2] & {
  /** Where folded weights are kept; default: in the user's cache folder, or where that cannot be written for a moment in another. */
  folder?: string | undefined;
};

/** Folded weights in files: {@link Keep}. */
export async function foldedWeights(
  checkpoint: Checkpoint,
  adapters: readonly Adapter[],
  options: KeptFoldOptions = {},
): Promise<FoldedWeights> {
  const open = new Adapters(adapters, options);
  const write = async (path: string) => writeSafetensors(path, await foldedTensors(checkpoint, open, options));
  try {
    const made = [formatVersion, options.rules ?? 'even', checkpoint.config, describeFile(checkpoint.file)];
    const name = `${fingerprint([made], adapters)}.safetensors`;
    try {
      const { folder = join(cacheFolder(), 'folded') } = options;
      return { file: await kept(folder, name, write), settle: () => {} };
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      options.onFallback?.(`${error.message}, so adapters are folded in at every start`);
      const folder = mkdtempSync(join(tmpdir(), 'retone-folded-'));
      const settle = () => rmSync(folder, { recursive: true, force: true });
      try {
        await write(join(folder, name));
        return { file: SafetensorsFile.open(join(folder, name)), settle };
      } catch (failed) {
        settle();
        throw failed;
      }
    }
  } finally {
    open.close();
  }
}

/** A file of the folder, which is made where it is not there. */
async function kept(folder: string, name: string, make: (path: string) => Promise<void>): Promise<SafetensorsFile> {
  const path = join(folder, name);
  markUsed(path);
  if (!existsSync(path)) {
    await writingCache(async () => {
      makeFolder(folder);
      await make(path);
    });
  }
  const file = SafetensorsFile.open(path);
  evictOldest(folder, cacheLimit('RETONE_FOLDED_GB'));
  return file;
}
