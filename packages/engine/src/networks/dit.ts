import type { DitConfig, Weights } from '@retone/checkpoint';
import type { Graph } from '@retone/graph';
import type { Tensor } from '@retone/runtime';
import type { Backend, Running } from '../backends/backend.ts';
import { exactBackend } from '../backends/exact.ts';
import { zeros } from '../tensors.ts';
import { conditioningGraph, layerName, localGraph, type PaddingMode, prefix, stepGraph } from './dit-graphs.ts';
import { expoFourierFeatures, type FourierFeatures, learnedFourierFeatures } from './fourier.ts';

export type { PaddingMode } from './dit-graphs.ts';

export interface DitOptions {
  backend?: Backend;
  padding?: PaddingMode;
  probes?: boolean;
}

/** The conditions of a generation. All stay the same over its steps. */
export interface DitConditions {
  /** Cross-attention rows [batch, rows, cond_token_dim]. */
  cross?: Tensor | undefined;
  /** Global condition [batch or 1, global_cond_dim]. */
  global?: Tensor | undefined;
  /** Local condition [1, local_add_cond_dim, frames], or one frame that stands for all; absent: nothing is added. */
  local?: Tensor | undefined;
}

/** Result of {@link Dit.condition}, computed once for all steps. */
export type PreparedConditions = Record<string, Tensor>;

/**
 * The diffusion transformer (spec, section 5), as three graphs: one for what depends on the conditions alone (keys and
 * values of every cross-attention, the global vector) and one for the local condition, which run once a generation, and
 * one for what depends on the noisy latents and the time, which runs every step.
 */
export class Dit {
  readonly config: DitConfig;
  /** Absent for a model without conditions of these kinds. */
  readonly #conditioning: Running | undefined;
  readonly #local: Running | undefined;
  /** The projected local condition of a generation without inpainting. */
  #zeroLocal: PreparedConditions | undefined;
  readonly #step: Running;
  readonly #features: FourierFeatures;
  readonly #padding: PaddingMode;

  private constructor(parts: {
    config: DitConfig;
    conditioning: Running | undefined;
    local: Running | undefined;
    step: Running;
    features: FourierFeatures;
    padding: PaddingMode;
  }) {
    this.config = parts.config;
    this.#conditioning = parts.conditioning;
    this.#local = parts.local;
    this.#step = parts.step;
    this.#features = parts.features;
    this.#padding = parts.padding;
  }

  /** @throws CheckpointError when weights are missing or have another shape than the configuration says. */
  static async load(config: DitConfig, weights: Weights, options: DitOptions = {}): Promise<Dit> {
    const { backend = exactBackend(), padding = 'omit', probes = false } = options;
    const parts = { config, weights, backend, padding, probes };
    const stepName = padding === 'omit' ? 'dit-step' : `dit-step-${padding}`;
    const builds: Record<string, () => Graph> = { [stepName]: () => stepGraph(parts) };
    if (config.cond_token_dim > 0 || config.global_cond_dim > 0)
      builds['dit-conditioning'] = () => conditioningGraph(parts);
    if (config.local_add_cond_dim) builds['dit-local'] = () => localGraph(parts);
    const features = timestepFeaturesOf(config, weights);
    const sessions = await backend.open(weights, builds, [stepName]);
    return new Dit({
      config,
      conditioning: sessions['dit-conditioning'],
      local: sessions['dit-local'],
      step: sessions[stepName]!,
      features,
      padding,
    });
  }

  /** Fourier features of time t in [0, 1] (1 = noise), as the timestep embedder sees them. */
  timestepFeatures(t: number): Float32Array {
    return this.#features(this.config.timestep_features_logsnr ? normalisedLogSnr(t) : t);
  }

  async condition(conditions: DitConditions): Promise<PreparedConditions> {
    const { config } = this;
    const inputs: Record<string, Tensor> = {};
    if (config.cond_token_dim > 0) inputs.cross = conditions.cross!;
    if (config.global_cond_dim > 0) inputs.global = conditions.global!;
    return { ...(await this.#conditioning?.run(inputs)), ...(await this.#localConditions(conditions.local)) };
  }

  async #localConditions(local: Tensor | undefined): Promise<PreparedConditions> {
    if (!this.#local) return {};
    if (!local) {
      // No local condition is not the same as one of zeros, whose biases act: what is added must be zero.
      const { depth, embed_dim: width } = this.config;
      return Object.fromEntries(
        Array.from({ length: depth }, (_, i) => [`${layerName(i)}_local`, zeros([1, 1, width])]),
      );
    }
    if (local.shape[2] !== 1 || local.data.some((value) => value !== 0)) return this.#local.run({ local });
    this.#zeroLocal ??= await this.#local.run({ local });
    return this.#zeroLocal;
  }

  /**
   * The velocity at time t for each element of a batch.
   *
   * @param latents [batch, io_channels, frames]
   * @param times one t in [0, 1] per element
   * @param valid [batch, frames], 1 at valid frames, of which with padding `omit` every element has as many; absent: all are
   * @returns `velocity` of the same shape as the latents, and probed values under their names
   */
  async run(
    latents: Tensor,
    times: readonly number[],
    conditions: PreparedConditions,
    valid?: Tensor,
  ): Promise<Record<string, Tensor>> {
    const width = this.config.timestep_features_dim;
    const features = { data: new Float32Array(times.length * width), shape: [times.length, width] };
    for (const [i, t] of times.entries()) features.data.set(this.timestepFeatures(t), i * width);
    const [batch, , frames] = latents.shape as [number, number, number];
    const counted = this.#padding === 'omit' ? 1 : batch;
    const mask = valid
      ? { data: valid.data.subarray(0, counted * frames), shape: [counted, frames] }
      : ones([counted, frames]);
    return this.#step.run({ ...stepInputs(conditions), latents, timestep_features: features, valid: mask });
  }

  async release(): Promise<void> {
    await this.#conditioning?.release();
    await this.#local?.release();
    await this.#step.release();
  }
}

function timestepFeaturesOf(config: DitConfig, weights: Weights): FourierFeatures {
  const { timestep_features_type: type, timestep_features_dim: width } = config;
  if (type === 'expo') return expoFourierFeatures(width);
  return learnedFourierFeatures(weights.values(`${prefix}.timestep_features.weight`, [width / 2, 1]));
}

/** t as normalised log-SNR: log((1-t)/t) from -12..5 to 1..0, in the direction of t (the reference's fixed range). */
function normalisedLogSnr(t: number): number {
  const clamped = Math.min(Math.max(t, 1e-7), 1 - 1e-7);
  const logSnr = Math.min(Math.max(Math.log((1 - clamped) / clamped), -12), 5);
  return (5 - logSnr) / 17;
}

/** The prepared conditions without what was only probed. */
function stepInputs(conditions: PreparedConditions): PreparedConditions {
  return Object.fromEntries(
    Object.entries(conditions).filter(([name]) => name.startsWith('layer_') || name === 'global_embedding'),
  );
}

function ones(shape: number[]): Tensor {
  const tensor = zeros(shape);
  tensor.data.fill(1);
  return tensor;
}
