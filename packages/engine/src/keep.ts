import type { Checkpoint } from '@retone/checkpoint';
import type { SessionOptions } from '@retone/runtime';
import type { Adapter } from './adapter.ts';
import type { FoldedWeights, FoldOptions } from './adapters/fold.ts';
import type { Backend } from './backends/backend.ts';
import type { Precision } from './backends/precision.ts';
import type { InputPeaks } from './backends/quantise.ts';

/** Storage between loads of a model, on machines with a disk. */
export interface Keep {
  /**
   * The weights of a checkpoint with adapters folded in, in a file that later loads use again.
   *
   * @throws CheckpointError when a file is not an adapter, or not one for this model
   */
  foldedWeights(
    checkpoint: Checkpoint,
    adapters: readonly Adapter[],
    options: FoldOptions & {
      /** Called with a sentence that nothing could be kept. */
      onFallback?: ((message: string) => void) | undefined;
    },
  ): Promise<FoldedWeights>;
  /** A model in 8 bits, as compiled graphs. All of its files and adapters are read for their name. */
  compiledModel(source: CompiledSource, options: SessionOptions): CompiledModel;
}

/** The sources of a compiled model. */
export interface CompiledSource {
  checkpoint: Checkpoint;
  adapters: readonly Adapter[];
  precision: Exclude<Precision, 'exact'>;
  /** Finds the largest inputs of each layer; called only where graphs are made that are not there yet. */
  calibrate: () => Promise<InputPeaks>;
  /** Called before graphs are made, which takes a while. */
  onCompile?: (() => void) | undefined;
}

export interface CompiledModel {
  /** Large products in 8-bit integers, from compiled graphs, which are made when they are first opened. */
  backend: Backend;
  /** The measured difference from fp32, which is kept beside the graphs. */
  measure: CompiledMeasure;
}

export interface CompiledMeasure {
  /** The number, or undefined where none is kept. */
  read(): number | undefined;
  write(difference: number): Promise<void>;
}
