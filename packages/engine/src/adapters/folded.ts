import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Checkpoint, SafetensorsFile, type Weight, Weights, writeSafetensors } from '@retone/checkpoint';
import { evictOldest, makeFolder, markUsed } from '@retone/common';
import type { Adapter } from '../adapter.ts';
import type { Backend } from '../backends/backend.ts';
import { exactLinear } from '../backends/exact.ts';
import { mapValues } from '../backends/records.ts';
import { CacheError, cacheFolder, cacheLimit, writingCache } from '../cache/cache.ts';
import { describeFile, fingerprint } from '../cache/fingerprint.ts';
import { Conditioners } from '../conditioning/conditioners.ts';
import { Dit } from '../networks/dit.ts';
import { type AdaptableLayer, type AdapterRules, adaptableLayer } from './layers.ts';
import { Adapters } from './lora.ts';

// Weights with adapters folded in are kept in files of their own, one for every set of adapters and strengths, from where
// the system maps them into memory as it does with a checkpoint's own. The least recently used ones are evicted first.

/** Raised whenever folding changes, so that older files are not used any more. */
const formatVersion = 2;

export interface FoldOptions {
  /** Where folded weights are kept; default: in the user's cache folder, or where that cannot be written for a moment in another. */
  folder?: string | undefined;
  /** Default: even. */
  rules?: AdapterRules | undefined;
  /** Called with a sentence that nothing could be kept. */
  onFallback?: ((message: string) => void) | undefined;
  /** Called with the finished part, 0 to 1, while weights are folded that are not there yet. */
  onFold?: ((done: number) => void) | undefined;
  /** Ends the folding, which leaves nothing then. */
  signal?: AbortSignal | undefined;
}

export interface FoldedWeights {
  file: SafetensorsFile;
  /** To be called when every session that uses the file is made: the file is then not needed by its name any more. */
  settle: () => void;
}

/**
 * The weights of a checkpoint with adapters folded in: those of the transformer and the conditioners, which alone have layers
 * to adapt.
 *
 * @throws CheckpointError when a file is not an adapter, or not one for this model
 */
export async function foldedWeights(
  checkpoint: Checkpoint,
  adapters: readonly Adapter[],
  options: FoldOptions = {},
): Promise<FoldedWeights> {
  const open = new Adapters(adapters, options.rules);
  try {
    const made = [formatVersion, options.rules ?? 'even', checkpoint.config, describeFile(checkpoint.file)];
    const name = `${fingerprint([made], adapters)}.safetensors`;
    try {
      const { folder = join(cacheFolder(), 'folded') } = options;
      return { file: await kept(folder, name, (path) => fold(checkpoint, open, path, options)), settle: () => {} };
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      options.onFallback?.(`${error.message}, so adapters are folded in at every start`);
      const folder = mkdtempSync(join(tmpdir(), 'retone-folded-'));
      const settle = () => rmSync(folder, { recursive: true, force: true });
      try {
        await fold(checkpoint, open, join(folder, name), options);
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

async function fold(
  checkpoint: Checkpoint,
  adapters: Adapters,
  path: string,
  { onFold, signal }: FoldOptions,
): Promise<void> {
  const { file, folder } = checkpoint;
  const layers = await adaptableLayers(checkpoint);
  adapters.fit([...layers.values()], folder);
  const adapted = new Map([...layers].filter(([, layer]) => adapters.adapts(layer)));
  const total = [...adapted.values()].reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  let done = 0;
  onFold?.(0);
  const kept = [...file.tensors.values()].filter(({ name }) => !name.startsWith('pretransform.'));
  const tensors = kept.map((entry) => {
    const layer = adapted.get(entry.name);
    if (!layer) return { ...entry, bytes: () => file.read(entry) };
    const bytes = () => {
      signal?.throwIfAborted();
      const values = adapters.fold(layer.name, layer.weight)!;
      done += values.length;
      onFold?.(done / total);
      return new Uint8Array(values.buffer);
    };
    return { ...entry, dtype: 'F32' as const, bytes };
  });
  await writeSafetensors(path, tensors);
}

/** A layer that can be adapted, and the weight that a network knows by this name. */
interface NamedLayer extends AdaptableLayer {
  name: string;
  weight: Weight;
}

/** The layers of a checkpoint that can be adapted, by the name of their weight in the file: building the networks shows them. */
async function adaptableLayers(checkpoint: Checkpoint): Promise<Map<string, NamedLayer>> {
  const layers = new Map<string, NamedLayer>();
  const weights = new Weights(checkpoint.file, (name, weight) => {
    const layer = adaptableLayer(name, weight.shape);
    if (layer && weight.kind === 'stored') layers.set(weight.entry.name, { ...layer, name, weight });
    return undefined;
  });
  await Conditioners.load(checkpoint, weights, building);
  await Dit.load(checkpoint.config.model.diffusion.config, weights, { backend: building });
  return layers;
}

/** Builds graphs and runs none. */
const building: Backend = {
  linear: exactLinear,
  async open(weights, builds) {
    for (const build of Object.values<() => unknown>(builds)) build();
    weights.assertComplete();
    const run = () => Promise.reject(new Error('this graph was only built'));
    return mapValues(builds, () => ({ run, release: async () => {} }));
  },
};
