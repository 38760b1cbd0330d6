import type { DitConfig, Weights } from '@retone/checkpoint';
import { type Dim, Graph, ops, type Value } from '@retone/graph';
import type { Tensor } from '@retone/runtime';
import { type Backend, type Running, Scope } from '../backends/backend.ts';
import { exactBackend } from '../backends/exact.ts';
import { zeros } from '../tensors.ts';
import { expoFourierFeatures, type FourierFeatures, learnedFourierFeatures } from './fourier.ts';
import {
  type AttentionOptions,
  crossKeysAndValues,
  embedder,
  fullAttention,
  type KeysAndValues,
  type Padding,
  rotaryAngles,
  transformerLayer,
} from './layers.ts';

/** Prefix of the diffusion transformer's weights in a checkpoint. */
const prefix = 'model.model';

/**
 * Treatment of frames beyond the valid ones: self-attention and feed-forward leave them out (`omit`; the reference with
 * its CUDA kernel, and the default here), or self-attention zeroes their values (`zero-values`; without that kernel).
 */
export type PaddingMode = 'omit' | 'zero-values';

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

  private constructor(
    config: DitConfig,
    conditioning: Running | undefined,
    local: Running | undefined,
    step: Running,
    features: FourierFeatures,
    padding: PaddingMode,
  ) {
    this.config = config;
    this.#conditioning = conditioning;
    this.#local = local;
    this.#step = step;
    this.#features = features;
    this.#padding = padding;
  }

  /** @throws CheckpointError when weights are missing or have another shape than the configuration says. */
  static async load(config: DitConfig, weights: Weights, options: DitOptions = {}): Promise<Dit> {
    const padding = options.padding ?? 'omit';
    const { backend = exactBackend() } = options;
    const features =
      config.timestep_features_type === 'expo'
        ? expoFourierFeatures(config.timestep_features_dim)
        : learnedFourierFeatures(
            weights.values(`${prefix}.timestep_features.weight`, [config.timestep_features_dim / 2, 1]),
          );
    const stepName = padding === 'omit' ? 'dit-step' : `dit-step-${padding}`;
    const builds: Record<string, () => Graph> = {
      [stepName]: () => stepGraph(config, weights, { ...options, backend }),
    };
    if (config.cond_token_dim > 0 || config.global_cond_dim > 0)
      builds['dit-conditioning'] = () => conditioningGraph(config, weights, { ...options, backend });
    if (config.local_add_cond_dim) builds['dit-local'] = () => localGraph(config, weights, { ...options, backend });
    const sessions = await backend.open(weights, builds, [stepName]);
    return new Dit(config, sessions['dit-conditioning'], sessions['dit-local'], sessions[stepName]!, features, padding);
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

/** t as normalised log-SNR: log((1-t)/t) from -12..5 to 1..0, in the direction of t (the reference's fixed range). */
function normalisedLogSnr(t: number): number {
  const clamped = Math.min(Math.max(t, 1e-7), 1 - 1e-7);
  const logSnr = Math.min(Math.max(Math.log((1 - clamped) / clamped), -12), 5);
  return (5 - logSnr) / 17;
}

function attentionOptions(config: DitConfig): AttentionOptions {
  const { qk_norm, qk_norm_eps, differential, feat_scale } = config.attn_kwargs;
  return { heads: config.num_heads, qk_norm, qk_norm_eps, differential, feat_scale };
}

const contextWidth = (config: DitConfig) => (config.project_cond_tokens ? config.embed_dim : config.cond_token_dim);
const globalWidth = (config: DitConfig) => (config.project_global_cond ? config.embed_dim : config.global_cond_dim);
const layerName = (i: number) => `layer_${i}`;

/** Whether layer i attends to the conditions: all do, unless the configuration names a last one. */
function crossAttends(config: DitConfig, i: number): boolean {
  return config.cond_token_dim > 0 && (config.final_cross_attn_ix === -1 || i <= config.final_cross_attn_ix);
}

/** Names of a layer's prepared keys: one map, or two with differential attention. */
const keyNames = (config: DitConfig, i: number) =>
  (config.attn_kwargs.differential ? ['keys', 'keys_diff'] : ['keys']).map((name) => `${layerName(i)}_${name}`);

function conditioningGraph(config: DitConfig, weights: Weights, { probes, backend }: DitOptions): Graph {
  const graph = new Graph('dit-conditioning', { probes: probes ?? false });
  const scope = new Scope(graph, weights, prefix, backend ?? exactBackend());
  if (config.cond_token_dim > 0) {
    const cross = graph.input('cross', ['B', 'N', config.cond_token_dim]);
    const context = embedder(scope.at('to_cond_embed'), cross, contextWidth(config));
    graph.probe('cond_embed', context);
    for (let i = 0; i < config.depth && crossAttends(config, i); i++) {
      const { keys, values } = crossKeysAndValues(
        scope.at(`transformer.layers.${i}.cross_attn`),
        context,
        config.embed_dim,
        attentionOptions(config),
      );
      for (const [map, name] of keyNames(config, i).entries()) graph.output(name, keys[map]!);
      graph.output(`${layerName(i)}_values`, values);
    }
  }
  if (config.global_cond_dim > 0) {
    const embed = embedder(
      scope.at('to_global_embed'),
      graph.input('global', ['G', config.global_cond_dim]),
      globalWidth(config),
    );
    graph.probe('global_embed', embed);
    graph.output('global_embedding', embed);
  }
  return graph;
}

function localGraph(config: DitConfig, weights: Weights, { probes, backend }: DitOptions): Graph {
  const graph = new Graph('dit-local', { probes: probes ?? false });
  const scope = new Scope(graph, weights, prefix, backend ?? exactBackend());
  const local = ops.transpose(graph.input('local', ['L', config.local_add_cond_dim!, 'T']), [0, 2, 1]);
  for (let i = 0; i < config.depth; i++) {
    const embed = embedder(scope.at(`transformer.layers.${i}.to_local_embed`), local, config.embed_dim);
    graph.probe(`block_${i}_local_embed`, embed);
    graph.output(`${layerName(i)}_local`, embed);
  }
  return graph;
}

function stepGraph(
  config: DitConfig,
  weights: Weights,
  { probes, padding: mode = 'omit', backend }: DitOptions,
): Graph {
  const graph = new Graph('dit-step', { probes: probes ?? false });
  const scope = new Scope(graph, weights, prefix, backend ?? exactBackend());
  const transformer = scope.at('transformer');
  const { embed_dim: width, io_channels: channels, depth, num_heads: heads } = config;
  const headWidth = width / heads;

  const latents = graph.input('latents', ['B', channels, 'T']);
  const features = graph.input('timestep_features', ['B', config.timestep_features_dim]);
  const timestep = embedder(scope.at('to_timestep_embed'), features, width);
  graph.probe('timestep_embed', timestep);
  const global =
    config.global_cond_dim > 0
      ? ops.add(graph.input('global_embedding', ['?B', globalWidth(config)]), timestep)
      : timestep;

  const frames = residualPointwise(scope, 'preprocess_conv', ops.transpose(latents, [0, 2, 1]), channels);
  let x = ops.linear(frames, transformer.weight('project_in.weight', [width, channels]));
  graph.probe('project_in', x);

  const inFront: Value[] = [];
  if (config.num_memory_tokens > 0) {
    const tokens = transformer.weight('memory_tokens', [config.num_memory_tokens, width]);
    inFront.push(ops.expand(ops.reshape(tokens, [1, config.num_memory_tokens, width]), 0, x));
  }
  if (config.global_cond_type === 'prepend') inFront.push(ops.reshape(global, [global.shape[0]!, 1, width]));
  const prefixLength = inFront.reduce((sum, value) => sum + (value.shape[1] as number), 0);
  x = ops.concat([...inFront, x], 1);

  let modulation: Value | undefined;
  if (config.global_cond_type === 'adaLN') {
    modulation = embedder(transformer.at('global_cond_embedder'), global, 6 * width, width);
    graph.probe('global_cond_embedder', modulation);
  }
  const padding = paddedPositions(graph, prefixLength, mode);
  const angles = rotaryAngles(transformer.at('rotary_pos_emb'), x, 1, Math.max(Math.trunc(headWidth / 2), 32));

  for (let i = 0; i < depth; i++) {
    x = transformerLayer(transformer.at(`layers.${i}`), x, {
      norm: config.norm_type,
      normEpsilon: config.norm_kwargs.eps,
      attention: attentionOptions(config),
      attend: fullAttention(heads, headWidth),
      angles,
      feedForward: config.ff_kwargs,
      conformer: config.conformer,
      layerScale: config.layer_scale,
      padding,
      modulation,
      cross: crossAttends(config, i) ? crossInputs(graph, config, i) : undefined,
      local: config.local_add_cond_dim
        ? { embedding: graph.input(`${layerName(i)}_local`, ['?B', '?T', width]), prefix: prefixLength }
        : undefined,
      probe: `block_${i}`,
    });
  }
  const projected = ops.linear(
    ops.dropFirst(x, 1, prefixLength),
    transformer.weight('project_out.weight', [channels, width]),
  );
  graph.probe('project_out', projected);
  const velocity = ops.transpose(residualPointwise(scope, 'postprocess_conv', projected, channels), [0, 2, 1]);
  graph.output('velocity', velocity);
  return graph;
}

function crossInputs(graph: Graph, config: DitConfig, i: number): KeysAndValues {
  const shape: Dim[] = ['B', 'N', config.embed_dim];
  return {
    keys: keyNames(config, i).map((name) => graph.input(name, shape)),
    values: graph.input(`${layerName(i)}_values`, shape),
  };
}

/** x + a 1-wide convolution of x, without bias; x [batch, frames, channels]. */
function residualPointwise(scope: Scope, name: string, x: Value, channels: number): Value {
  const weight = ops.reshape(scope.weight(`${name}.weight`, [channels, channels, 1]), [channels, channels]);
  const convolved = ops.linear(x, weight);
  scope.graph.probe(name, ops.transpose(convolved, [0, 2, 1]));
  return ops.add(x, convolved);
}

/** Which positions count: those in front of the frames always do. */
function paddedPositions(graph: Graph, prefixLength: number, mode: PaddingMode): Padding {
  const mask = graph.input('valid', [mode === 'omit' ? 1 : 'B', 'T']);
  const extended = prefixLength ? ops.add(ops.pad(ops.sub(mask, 1), 1, prefixLength, 0), 1) : mask;
  const valid = ops.reshape(extended, [...extended.shape, 1]);
  if (mode === 'zero-values') return { valid };
  return { valid, count: graph.cast(ops.reshape(ops.sum(extended, 1), [1]), 'int64') };
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
