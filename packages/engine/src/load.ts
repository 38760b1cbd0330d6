import { type Checkpoint, disk, type Files, openCheckpoint, Weights } from '@retone/checkpoint';
import {
  type Accelerator,
  deviceProblem,
  halfProblem,
  integersAreExact,
  isAccelerator,
  type SessionOptions,
} from '@retone/runtime';
import { keep } from '#keep';
import type { Adapter } from './adapter.ts';
import { type FoldedWeights, foldedInMemory } from './adapters/fold.ts';
import { adapterWarning } from './adapters/lora.ts';
import { phasesOf } from './adapters/phases.ts';
import type { Backend } from './backends/backend.ts';
import { exactBackend } from './backends/exact.ts';
import { halfBackend } from './backends/half.ts';
import type { Precision } from './backends/precision.ts';
import { CacheError } from './cache/cache-error.ts';
import { calibrate } from './calibrate.ts';
import { Conditioners } from './conditioning/conditioners.ts';
import { assertClose, relativeDifference, TooFar } from './fidelity.ts';
import type { CompiledMeasure } from './keep.ts';
import { Model } from './model.ts';
import { Dit, type PaddingMode } from './networks/dit.ts';
import { loadPretransform } from './pretransforms/open.ts';

export interface ModelOptions extends SessionOptions {
  /** Where the model and its adapters are. Default: the disk, where compiled graphs and folded weights are kept as well. */
  files?: Files | undefined;
  /** Default: exact. */
  precision?: Precision | undefined;
  /**
   * Receives a sentence when a device or precision falls back to another one, or when adapters do not fit together.
   */
  onFallback?: ((message: string) => void) | undefined;
  /** Called before a model is compiled for its precision, which takes a while and is done once. */
  onCompile?: (() => void) | undefined;
  /** Adapters to fold into the weights, in their order. */
  adapters?: readonly Adapter[];
  /** Receives the finished part, 0 to 1, while adapters are folded, which happens once for them and their strengths. */
  onFold?: ((done: number) => void) | undefined;
  /** Ends the folding of adapters. */
  signal?: AbortSignal | undefined;
}

/** Hooks for tests and calibration. */
export interface LoadHooks {
  /** Computes the networks in place of what device and precision say: to observe them, or to try another one. */
  backend?: Backend | undefined;
  /** How frames beyond the valid ones are treated; see {@link PaddingMode}. Default: left out. */
  padding?: PaddingMode;
}

type LoadOptions = ModelOptions & LoadHooks;
type Reduced = Exclude<Precision, 'exact'>;

/**
 * Loads a checkpoint folder in the official layout: from the disk, or from `options.files`, where it may be ''.
 *
 * @throws CheckpointError when a file is absent or malformed, or the weights do not fit the configuration
 */
export async function loadModel(folder: string, options: LoadOptions = {}): Promise<Model> {
  const { adapters = [] } = options;
  const phases = phasesOf(adapters);
  const warning = adapterWarning(adapters, options.files);
  if (warning) options.onFallback?.(warning);
  const model = await loadOne(folder, options);
  const places = (active: readonly Adapter[]) => active.map((adapter) => adapters.indexOf(adapter)).join();
  const byAdapters = new Map([[places(adapters), model]]);
  try {
    for (const { to, adapters: active } of phases.length > 1 ? phases : []) {
      const key = places(active);
      const phase = byAdapters.get(key) ?? (await loadOne(folder, { ...options, adapters: active }));
      if (!byAdapters.has(key)) await phase.releaseAllButTransformer();
      byAdapters.set(key, phase);
      model.addPhase(to, phase);
    }
    return model;
  } catch (error) {
    await model.release();
    throw error;
  }
}

/** Models from other places than the disk are loaded from the beginning each time. */
const keepOf = (files: Files = disk) => (files === disk ? keep : undefined);

/** Loads it with all of the adapters, whatever their ranges. */
async function loadOne(folder: string, asked: LoadOptions): Promise<Model> {
  const { backend } = asked;
  if (backend) return loadWith(folder, asked, () => backend);
  const options = await usableOptions(asked);
  const { precision = 'exact', device } = options;
  if (precision === 'exact') return loadWith(folder, options, () => exactBackend(options));
  if (isAccelerator(device)) return loadWith(folder, options, () => halfBackend({ ...options, precision }));
  return loadReduced(folder, { ...options, precision });
}

/** Loads in 8 bits where the cache can be written and the results stay close to those in fp32; else more exactly. */
async function loadReduced(folder: string, options: LoadOptions & { precision: Reduced }): Promise<Model> {
  const { precision, adapters = [], onCompile, onFallback } = options;
  const instead = (next: Precision, reason: string, later = options) => {
    onFallback?.(`${reason}, so the precision is ${next} and not ${precision}`);
    return loadOne(folder, { ...later, precision: next });
  };
  const silent = { ...options, onCompile: undefined, onFallback: undefined, onFold: undefined };
  const observe = (observing: Backend) => loadOne(folder, { ...silent, backend: observing });
  let measure: CompiledMeasure | undefined;
  try {
    const model = await loadWith(folder, { ...options, onFallback: undefined }, (checkpoint) => {
      const source = { checkpoint, adapters, precision, calibrate: () => calibrate(observe, options), onCompile };
      const compiled = keep!.compiledModel(source, options);
      measure = compiled.measure;
      assertClose(measure.read() ?? 0);
      return compiled.backend;
    });
    try {
      if (measure!.read() === undefined) {
        const exact = await loadOne(folder, { ...silent, precision: 'exact' });
        const difference = await relativeDifference(model, exact).finally(() => exact.release());
        await measure!.write(difference);
        assertClose(difference);
      }
      return model;
    } catch (error) {
      await model.release();
      throw error;
    }
  } catch (error) {
    if (error instanceof CacheError) return instead('exact', error.message, silent);
    if (error instanceof TooFar) return instead(precision === 'fast' ? 'balanced' : 'exact', error.message);
    throw error;
  }
}

async function loadWith(
  folder: string,
  options: LoadOptions,
  makeBackend: (checkpoint: Checkpoint) => Backend,
): Promise<Model> {
  const { adapters = [], files, onFold, onFallback, signal } = options;
  const checkpoint = openCheckpoint(folder, files);
  let folded: FoldedWeights | undefined;
  try {
    const foldedWeights = keepOf(files)?.foldedWeights ?? foldedInMemory;
    if (adapters.length > 0) folded = await foldedWeights(checkpoint, adapters, { files, onFold, onFallback, signal });
    const backend = makeBackend(checkpoint);
    const padding = options.padding ?? 'omit';
    const weights = new Weights(folded?.file ?? checkpoint.file);
    const conditioners = await Conditioners.load(checkpoint, weights, backend);
    const dit = await Dit.load(checkpoint.config.model.diffusion.config, weights, { backend, padding });
    const own = folded ? new Weights(checkpoint.file) : weights;
    const pretransform = loadPretransform(checkpoint.config, own, backend);
    await pretransform.prepare?.();
    const { precision = 'exact' } = options;
    const report = weights.report();
    const parts = { conditioners, dit, pretransform, padding, precision, report, folded: folded?.file };
    return new Model(checkpoint, parts);
  } catch (error) {
    folded?.file.close();
    checkpoint.close();
    throw error;
  } finally {
    folded?.settle();
  }
}

/** The options with what works on this machine in place of a device or a precision that does not. */
async function usableOptions(options: LoadOptions): Promise<LoadOptions> {
  const { device: asked = 'auto', precision = 'exact', onFallback } = options;
  const problem = await deviceProblem(asked);
  if (problem) onFallback?.(`the device "${asked}" cannot be used, so the processor is: ${problem}`);
  const device = problem === undefined && isAccelerator(asked) ? asked : 'cpu';
  if (precision === 'exact') return { ...options, device };
  const missing = isAccelerator(device) ? await missingHalves(device) : await missingIntegers(options);
  if (missing === undefined) return { ...options, device };
  onFallback?.(`${missing}, so the precision is exact and not ${precision}`);
  return { ...options, device, precision: 'exact' };
}

async function missingHalves(device: Accelerator): Promise<string | undefined> {
  const problem = await halfProblem(device);
  return problem && `the device "${device}" cannot multiply 16-bit floats (${problem})`;
}

async function missingIntegers({ files }: LoadOptions): Promise<string | undefined> {
  if (!keepOf(files)) return 'products in 8 bits need a disk for compiled graphs';
  return (await integersAreExact()) ? undefined : 'this processor cannot multiply 8-bit integers exactly';
}
