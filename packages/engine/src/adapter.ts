import { CheckpointError, type Files, parted, within } from '@retone/checkpoint';
import type { LevelRange } from './sampling/level-range.ts';

const peftWeights = 'adapter_model.safetensors';

/** An adapter: a file, or a folder of PEFT's, and how strongly it counts: 1 as trained, 0 off, negative and above 1 allowed. */
export interface Adapter {
  path: string;
  strength: number;
  /** Layers whose names contain one of these are left as they are. */
  exclude?: readonly string[] | undefined;
  /**
   * Noise levels, 1 (the first step) to 0 (the last), at which it adapts the transformer: `from` included, `to` only where it
   * is 1. It adapts the conditioners at all of them, as in the reference. Default: all.
   */
  range?: LevelRange | undefined;
}

/** The files of an adapter: its weights and, for PEFT's, its configuration. */
export function adapterFiles(path: string, files: Files): { weights: string; config?: string } {
  const isFolder = files.isFolder(path);
  const weights = isFolder ? within(path, peftWeights) : path;
  if (isFolder && !files.isFile(weights)) {
    const pickled = files.isFile(within(path, 'adapter_model.bin')) ? ', and its adapter_model.bin is a pickle' : '';
    throw new CheckpointError(
      'not-found',
      `the folder ${path} is not an adapter of PEFT: it has no ${peftWeights}${pickled}`,
    );
  }
  const [folder, name] = parted(weights);
  const config = within(folder, 'adapter_config.json');
  return name === peftWeights && files.isFile(config) ? { weights, config } : { weights };
}
