import {
  type AutoencoderModelConfig,
  type Checkpoint,
  type ModelConfig,
  openCheckpoint,
  type SafetensorsFile,
  structureOf,
  Weights,
  type WeightsReport,
} from '@retone/checkpoint';
import {
  type Accelerator,
  deviceProblem,
  halfProblem,
  integersAreExact,
  isAccelerator,
  type SessionOptions,
} from '@retone/runtime';
import { type FoldedWeights, foldedWeights } from './adapters/folded.ts';
import { type Adapter, adapterWarning } from './adapters/lora.ts';
import { phasesOf } from './adapters/phases.ts';
import { type Backend, exactBackend } from './backends/backend.ts';
import { CompiledMeasure, compiledBackend } from './backends/compiled.ts';
import { halfBackend } from './backends/half.ts';
import type { Precision } from './backends/precision.ts';
import { CacheError } from './cache/cache.ts';
import { calibrate } from './calibrate.ts';
import { Conditioners } from './conditioning/conditioners.ts';
import { Structure } from './conditioning/structure.ts';
import { Vocabulary } from './conditioning/words.ts';
import { assertClose, relativeDifference, TooFar } from './fidelity.ts';
import { Dit, type PaddingMode } from './networks/dit.ts';
import type { Pretransform } from './pretransforms/pretransform.ts';
import { Same } from './pretransforms/same.ts';
import { Spectral } from './pretransforms/spectral.ts';
import type { SamplerName } from './sampling/samplers.ts';

export interface ModelOptions extends SessionOptions {
  /** Default: exact. */
  precision?: Precision | undefined;
  /**
   * Hears, as a sentence, when the device or the precision asked for cannot be used and what is used instead, and of adapters
   * that do not go well together.
   */
  onFallback?: ((message: string) => void) | undefined;
  /** Computes the networks in place of what device and precision say: to observe them, or to try another one. */
  backend?: Backend | undefined;
  /** How frames beyond the valid ones are treated; see {@link PaddingMode}. Default: left out. */
  padding?: PaddingMode;
  /** Called before a model is compiled for its precision, which takes a while and is done once. */
  onCompile?: (() => void) | undefined;
  /** Adapters to fold into the weights, in their order. */
  adapters?: readonly Adapter[];
  /** Hears how much is done, 0 to 1, while adapters are folded, which is done once for them and their strengths. */
  onFold?: ((done: number) => void) | undefined;
  /** Ends the folding of adapters. */
  signal?: AbortSignal | undefined;
}

/** What a model generates with when a request does not say. */
export interface SamplingDefaults {
  sampler: SamplerName;
  steps: number;
  guidanceScale: number;
  paddingSeconds: number;
}

/** A checkpoint's own defaults, else those of its kind: post-trained 8 ping-pong steps, base 50 Euler steps with guidance 7. */
export function samplingDefaults({ model, sampling_defaults: own }: ModelConfig): SamplingDefaults {
  const postTrained = model.diffusion.diffusion_objective === 'rf_denoiser';
  return {
    sampler: own.sampler ?? (postTrained ? 'pingpong' : 'euler'),
    steps: own.steps ?? (postTrained ? 8 : 50),
    guidanceScale: own.guidance_scale ?? (postTrained ? 1 : 7),
    paddingSeconds: own.padding_seconds ?? 6,
  };
}

type Reduced = Exclude<Precision, 'exact'>;

/** A checkpoint that is loaded and ready to generate. */
export class Model {
  readonly config: ModelConfig;
  readonly conditioners: Conditioners;
  readonly dit: Dit;
  readonly pretransform: Pretransform;
  /** Analyses the source's structure, for a model that was trained to see it. */
  readonly structure: Structure | undefined;
  /** The words that the model knows, where its folder says so. An adapter may have taught it others, so not with adapters. */
  readonly vocabulary: Vocabulary | undefined;
  readonly padding: PaddingMode;
  /** How exactly it is computed; not what was asked for where that could not be had. */
  readonly precision: Precision;
  readonly report: WeightsReport;
  readonly #checkpoint: Checkpoint;
  readonly #folded: SafetensorsFile | undefined;
  /** Transformers with other adapters, for the noise levels below a bound, in ascending order. */
  #phases: { below: number; model: Model }[] = [];

  private constructor(
    checkpoint: Checkpoint,
    parts: {
      conditioners: Conditioners;
      dit: Dit;
      pretransform: Pretransform;
      padding: PaddingMode;
      precision: Precision;
      report: WeightsReport;
      folded: SafetensorsFile | undefined;
    },
  ) {
    this.#checkpoint = checkpoint;
    this.config = checkpoint.config;
    this.conditioners = parts.conditioners;
    this.dit = parts.dit;
    this.pretransform = parts.pretransform;
    const structure = structureOf(checkpoint.config.model.conditioning.configs);
    if (structure) this.structure = new Structure(structure, checkpoint.config.sample_rate);
    if (checkpoint.words && !parts.folded) this.vocabulary = new Vocabulary(checkpoint.words);
    this.padding = parts.padding;
    this.precision = parts.precision;
    this.report = parts.report;
    this.#folded = parts.folded;
  }

  /**
   * Loads a checkpoint folder in the official layout.
   *
   * @throws CheckpointError when a file is absent or malformed, or the weights do not fit the configuration
   */
  static async load(folder: string, options: ModelOptions = {}): Promise<Model> {
    const { adapters = [] } = options;
    const phases = phasesOf(adapters);
    const warning = adapterWarning(adapters);
    if (warning) options.onFallback?.(warning);
    const model = await Model.#loadOne(folder, options);
    const places = (active: readonly Adapter[]) => active.map((adapter) => adapters.indexOf(adapter)).join();
    const byAdapters = new Map([[places(adapters), model]]);
    try {
      for (const { to, adapters: active } of phases.length > 1 ? phases : []) {
        const key = places(active);
        const phase = byAdapters.get(key) ?? (await Model.#loadOne(folder, { ...options, adapters: active }));
        if (!byAdapters.has(key)) await phase.#releaseAllButTransformer();
        byAdapters.set(key, phase);
        model.#phases.push({ below: to, model: phase });
      }
      return model;
    } catch (error) {
      await model.release();
      throw error;
    }
  }

  /** Loads it with all of the adapters, whatever their ranges. */
  static async #loadOne(folder: string, asked: ModelOptions): Promise<Model> {
    const { backend } = asked;
    if (backend) return Model.#load(folder, asked, () => backend);
    const options = await usableOptions(asked);
    const { precision = 'exact', device } = options;
    if (precision === 'exact') return Model.#load(folder, options, () => exactBackend(options));
    if (isAccelerator(device)) return Model.#load(folder, options, () => halfBackend({ ...options, precision }));
    return Model.#loadReduced(folder, { ...options, precision });
  }

  /** Loads in 8 bits where the cache can be written and the results stay close to those in fp32; else more exactly. */
  static async #loadReduced(folder: string, options: ModelOptions & { precision: Reduced }): Promise<Model> {
    const { precision, adapters = [], onCompile, onFallback } = options;
    const instead = (next: Precision, reason: string, later = options) => {
      onFallback?.(`${reason}, so the precision is ${next} and not ${precision}`);
      return Model.#loadOne(folder, { ...later, precision: next });
    };
    const silent = { ...options, onCompile: undefined, onFallback: undefined, onFold: undefined };
    const observe = (observing: Backend) => Model.#loadOne(folder, { ...silent, backend: observing });
    let measure: CompiledMeasure | undefined;
    try {
      const model = await Model.#load(folder, { ...options, onFallback: undefined }, (checkpoint) => {
        const source = { checkpoint, adapters, precision, calibrate: () => calibrate(observe, options), onCompile };
        measure = new CompiledMeasure(source);
        assertClose(measure.read() ?? 0);
        return compiledBackend(source, options);
      });
      try {
        if (measure!.read() === undefined) {
          const exact = await Model.#loadOne(folder, { ...silent, precision: 'exact' });
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

  static async #load(
    folder: string,
    options: ModelOptions,
    makeBackend: (checkpoint: Checkpoint) => Backend,
  ): Promise<Model> {
    const { adapters = [], onFold, onFallback, signal } = options;
    const checkpoint = openCheckpoint(folder);
    let folded: FoldedWeights | undefined;
    try {
      if (adapters.length > 0) folded = await foldedWeights(checkpoint, adapters, { onFold, onFallback, signal });
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

  get sampleRate(): number {
    return this.config.sample_rate;
  }

  get audioChannels(): number {
    return this.config.model.pretransform.config.io_channels;
  }

  /** The longest result in seconds. */
  get maxSeconds(): number {
    return this.config.sample_size / this.config.sample_rate;
  }

  /** What to generate with when a request does not say. */
  get defaults(): SamplingDefaults {
    return samplingDefaults(this.config);
  }

  /** The transformer at a noise level, which is another where adapters have ranges. */
  ditAt(level: number): Dit {
    const phase = this.#phases.find(({ below }) => level < below) ?? this.#phases.at(-1);
    return phase?.model.dit ?? this.dit;
  }

  async release(): Promise<void> {
    const others = new Set(this.#phases.map(({ model }) => model).filter((model) => model !== this));
    for (const { dit } of others) await dit.release();
    await this.dit.release();
    await this.#releaseAllButTransformer();
  }

  async #releaseAllButTransformer(): Promise<void> {
    await this.conditioners.release();
    await this.pretransform.release();
    this.#folded?.close();
    this.#checkpoint.close();
  }
}

/** The options with what works on this machine in place of a device or a precision that does not. */
async function usableOptions(options: ModelOptions): Promise<ModelOptions> {
  const { device: asked = 'auto', precision = 'exact', onFallback } = options;
  const problem = await deviceProblem(asked);
  if (problem) onFallback?.(`the device "${asked}" cannot be used, so the processor is: ${problem}`);
  const device = problem === undefined && isAccelerator(asked) ? asked : 'cpu';
  if (precision === 'exact') return { ...options, device };
  const missing = isAccelerator(device) ? await missingHalves(device) : await missingIntegers();
  if (missing === undefined) return { ...options, device };
  onFallback?.(`${missing}, so the precision is exact and not ${precision}`);
  return { ...options, device, precision: 'exact' };
}

async function missingHalves(device: Accelerator): Promise<string | undefined> {
  const problem = await halfProblem(device);
  return problem && `the device "${device}" cannot multiply 16-bit floats (${problem})`;
}

async function missingIntegers(): Promise<string | undefined> {
  return (await integersAreExact()) ? undefined : 'this processor cannot multiply 8-bit integers exactly';
}

/** Prefix of the pretransform's weights in the checkpoint of a diffusion model. */
const pretransformPrefix = 'pretransform.model';
/** Piece length and overlap of the published models, in frames. */
const publishedPieces = { frames: 128, overlap: 32 };

/** The pretransform that a configuration describes: a diffusion model's, or an autoencoder that is published alone. */
export function loadPretransform(
  config: ModelConfig | AutoencoderModelConfig,
  weights: Weights,
  backend: Backend,
): Pretransform {
  const alone = config.model_type === 'autoencoder';
  const pretransform = alone ? config.pretransform : config.model.pretransform;
  const prefix = alone ? '' : pretransformPrefix;
  if (pretransform.type === 'spectral') return new Spectral(pretransform.config, config.sample_rate, weights, prefix);
  const pieces = pretransform.chunked ? publishedPieces : undefined;
  return new Same(pretransform.config, weights, prefix, { backend, pieces, scale: pretransform.scale });
}
