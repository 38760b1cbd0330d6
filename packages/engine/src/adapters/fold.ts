import {
  type Checkpoint,
  MemoryFiles,
  SafetensorsFile,
  safetensorsBytes,
  type TensorToWrite,
  type Weight,
  Weights,
} from '@retone/checkpoint';
import type { Adapter } from '../adapter.ts';
import type { Backend } from '../backends/backend.ts';
import { exactLinear } from '../backends/exact.ts';
import { mapValues } from '../backends/records.ts';
import { Conditioners } from '../conditioning/conditioners.ts';
import { Dit } from '../networks/dit.ts';
import { type AdaptableLayer, adaptableLayer } from './layers.ts';
import { Adapters, type AdaptersOptions } from './lora.ts';

export interface FoldOptions extends AdaptersOptions {
  /** Called with the finished part, 0 to 1, while weights are folded. */
  onFold?: ((done: number) => void) | undefined;
  /** Ends the folding, which leaves nothing then. */
  signal?: AbortSignal | undefined;
}

/** Weights with adapters folded in. */
export interface FoldedWeights {
  file: SafetensorsFile;
  /** To be called when every session that uses the file is made: the file is then not needed by its name any more. */
  settle: () => void;
}

/**
 * The weights of a checkpoint with adapters folded in, in memory.
 *
 * @throws CheckpointError when a file is not an adapter, or not one for this model
 */
export async function foldedInMemory(
  checkpoint: Checkpoint,
  adapters: readonly Adapter[],
  options: FoldOptions = {},
): Promise<FoldedWeights> {
  const open = new Adapters(adapters, options);
  try {
    const path = 'folded.safetensors';
    const bytes = safetensorsBytes(await foldedTensors(checkpoint, open, options));
    return { file: SafetensorsFile.open(path, new MemoryFiles([[path, bytes]])), settle: () => {} };
  } finally {
    open.close();
  }
}

/**
 * The tensors of a checkpoint with adapters folded in: those of the transformer and the conditioners, which alone have layers to
 * adapt. Each is computed when its bytes are asked for.
 *
 * @throws CheckpointError when the adapters do not fit the checkpoint
 */
export async function foldedTensors(
  checkpoint: Checkpoint,
  adapters: Adapters,
  { onFold, signal }: FoldOptions,
): Promise<TensorToWrite[]> {
  const { file, folder } = checkpoint;
  const layers = await adaptableLayers(checkpoint);
  adapters.fit([...layers.values()], folder);
  const adapted = new Map([...layers].filter(([, layer]) => adapters.adapts(layer)));
  const total = [...adapted.values()].reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  let done = 0;
  onFold?.(0);
  const kept = [...file.tensors.values()].filter(({ name }) => !name.startsWith('pretransform.'));
  return kept.map((entry) => {
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
