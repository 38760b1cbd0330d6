import {
  type Checkpoint,
  type ModelConfig,
  type SafetensorsFile,
  structureOf,
  type WeightsReport,
} from '@retone/checkpoint';
import type { Precision } from './backends/precision.ts';
import type { Conditioners } from './conditioning/conditioners.ts';
import { Structure } from './conditioning/structure.ts';
import { Vocabulary } from './conditioning/words.ts';
import type { Dit, PaddingMode } from './networks/dit.ts';
import type { Pretransform } from './pretransforms/pretransform.ts';
import type { SamplerName } from './sampling/samplers.ts';

/** A model's defaults. */
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
  readonly #phases: { below: number; model: Model }[] = [];

  constructor(
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

  /** The model's defaults. */
  get defaults(): SamplingDefaults {
    return samplingDefaults(this.config);
  }

  /** Adds the transformer of another model for the noise levels below a bound; bounds come in ascending order. */
  addPhase(below: number, model: Model): void {
    this.#phases.push({ below, model });
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
    await this.releaseAllButTransformer();
  }

  /** Releases what a transformer with other adapters does not need. */
  async releaseAllButTransformer(): Promise<void> {
    await this.conditioners.release();
    await this.pretransform.release();
    this.#folded?.close();
    this.#checkpoint.close();
  }
}
