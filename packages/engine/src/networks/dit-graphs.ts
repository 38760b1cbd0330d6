import type { DitConfig, Weights } from '@retone/checkpoint';
import { type Dim, Graph, ops, type Value } from '@retone/graph';
import { type Backend, Scope } from '../backends/backend.ts';
import {
  type AttentionOptions,
  crossKeysAndValues,
  fullAttention,
  type KeysAndValues,
  type Padding,
  rotaryAngles,
} from './attention.ts';
import { embedder, pointwise } from './layers.ts';
import { type LayerOptions, type LocalCondition, transformerLayer } from './transformer-layer.ts';

// The graphs of the diffusion transformer (spec, section 5). B is the batch, T the number of latent frames, N the rows of the
// cross-attention's context; width is `embed_dim`.

/** Prefix of the diffusion transformer's weights in a checkpoint. */
export const prefix = 'model.model';

/**
 * Treatment of frames beyond the valid ones: self-attention and feed-forward leave them out (`omit`; the reference with
 * its CUDA kernel, and the default here), or self-attention zeroes their values (`zero-values`; without that kernel).
 */
export type PaddingMode = 'omit' | 'zero-values';

/** The parts that the graphs are built from. */
export interface DitParts {
  config: DitConfig;
  weights: Weights;
  backend: Backend;
  padding: PaddingMode;
  probes: boolean;
}

/** Beginning of the names of what layer i takes in the step graph. */
export const layerName = (i: number) => `layer_${i}`;

/** Keys and values of every cross-attention, and the global embedding: what depends on the conditions alone. */
export function conditioningGraph(parts: DitParts): Graph {
  const { config } = parts;
  const { graph, scope } = begin('dit-conditioning', parts);
  if (config.cond_token_dim > 0) {
    const cross = graph.input('cross', ['B', 'N', config.cond_token_dim]);
    const context = embedder(scope.at('to_cond_embed'), cross, contextWidth(config));
    graph.probe('cond_embed', context);
    for (let i = 0; i < config.depth && crossAttends(config, i); i++) {
      const at = scope.at(`transformer.layers.${i}.cross_attn`);
      const { keys, values } = crossKeysAndValues(at, context, config.embed_dim, attentionOptions(config));
      for (const [map, name] of keyNames(config, i).entries()) graph.output(name, keys[map]!);
      graph.output(`${layerName(i)}_values`, values);
    }
  }
  if (config.global_cond_dim > 0) {
    const global = graph.input('global', ['G', config.global_cond_dim]);
    const embedding = embedder(scope.at('to_global_embed'), global, globalWidth(config));
    graph.probe('global_embed', embedding);
    graph.output('global_embedding', embedding);
  }
  return graph;
}

/** The part of the local condition that each layer adds (regions to fill in, structure of the source). */
export function localGraph(parts: DitParts): Graph {
  const { config } = parts;
  const { graph, scope } = begin('dit-local', parts);
  const local = ops.transpose(graph.input('local', ['L', config.local_add_cond_dim!, 'T']), [0, 2, 1]);
  for (let i = 0; i < config.depth; i++) {
    const embedding = embedder(scope.at(`transformer.layers.${i}.to_local_embed`), local, config.embed_dim);
    graph.probe(`block_${i}_local_embed`, embedding);
    graph.output(`${layerName(i)}_local`, embedding);
  }
  return graph;
}

/** The velocity of noisy latents [B, channels, T]: what depends on them and on the time. */
export function stepGraph(parts: DitParts): Graph {
  const { config } = parts;
  const { graph, scope } = begin('dit-step', parts);
  const { embed_dim: width, io_channels: channels } = config;
  const transformer = scope.at('transformer');

  const latents = graph.input('latents', ['B', channels, 'T']);
  const global = globalVector(scope, config); // [B, width]
  const frames = residualPointwise(scope, 'preprocess_conv', ops.transpose(latents, [0, 2, 1])); // [B, T, channels]
  const projected = ops.linear(frames, transformer.weight('project_in.weight', [width, channels]));
  graph.probe('project_in', projected);
  const inFront = tokensInFront(transformer, config, global, projected);
  let x = ops.concat([...inFront, projected], 1); // [B, prefix + T, width]
  const prefixLength = inFront.reduce((sum, token) => sum + (token.shape[1] as number), 0);

  const shared = sharedOptions(transformer, parts, { global, x, prefixLength });
  for (let i = 0; i < config.depth; i++) {
    const own = { ...layerInputs(graph, config, i, prefixLength), probe: `block_${i}` };
    x = transformerLayer(transformer.at(`layers.${i}`), x, { ...shared, ...own });
  }
  const out = transformer.weight('project_out.weight', [channels, width]);
  const result = ops.linear(ops.dropFirst(x, 1, prefixLength), out);
  graph.probe('project_out', result);
  graph.output('velocity', ops.transpose(residualPointwise(scope, 'postprocess_conv', result), [0, 2, 1]));
  return graph;
}

function begin(name: string, { weights, backend, probes }: DitParts): { graph: Graph; scope: Scope } {
  const graph = new Graph(name, { probes });
  return { graph, scope: new Scope(graph, weights, prefix, backend) };
}

/** The embedded time, plus the embedded global condition where the model has one. [B, width]. */
function globalVector(scope: Scope, config: DitConfig): Value {
  const { graph } = scope;
  const features = graph.input('timestep_features', ['B', config.timestep_features_dim]);
  const timestep = embedder(scope.at('to_timestep_embed'), features, config.embed_dim);
  graph.probe('timestep_embed', timestep);
  if (config.global_cond_dim === 0) return timestep;
  return ops.add(graph.input('global_embedding', ['?B', globalWidth(config)]), timestep);
}

/** Learned memory tokens [B, memory, width], and the global vector [B, 1, width] where the model sees it as a token. */
function tokensInFront(scope: Scope, config: DitConfig, global: Value, x: Value): Value[] {
  const { num_memory_tokens: memory, embed_dim: width } = config;
  const tokens: Value[] = [];
  if (memory > 0) {
    const learned = ops.reshape(scope.weight('memory_tokens', [memory, width]), [1, memory, width]);
    tokens.push(ops.expand(learned, 0, x));
  }
  if (config.global_cond_type === 'prepend') tokens.push(ops.reshape(global, [global.shape[0]!, 1, width]));
  return tokens;
}

/** The options that all layers share. x [B, prefix + T, width]. */
function sharedOptions(
  scope: Scope,
  { config, padding }: DitParts,
  { global, x, prefixLength }: { global: Value; x: Value; prefixLength: number },
): Omit<LayerOptions, 'probe'> {
  const { embed_dim: width, num_heads: heads } = config;
  const headWidth = width / heads;
  const modulation = config.global_cond_type === 'adaLN' ? modulationVector(scope, global, width) : undefined;
  return {
    norm: config.norm_type,
    normEpsilon: config.norm_kwargs.eps,
    modulation,
    attention: {
      ...attentionOptions(config),
      attend: fullAttention(heads, headWidth),
      padding: paddedPositions(scope.graph, prefixLength, padding),
      angles: rotaryAngles(scope.at('rotary_pos_emb'), x, { axis: 1, channels: rotatedChannels(headWidth) }),
    },
    feedForward: config.ff_kwargs,
    conformer: config.conformer,
    layerScale: config.layer_scale,
  };
}

/** The six vectors of adaLN side by side, [B, 6*width]. */
function modulationVector(scope: Scope, global: Value, width: number): Value {
  const modulation = embedder(scope.at('global_cond_embedder'), global, 6 * width, width);
  scope.graph.probe('global_cond_embedder', modulation);
  return modulation;
}

/** Half of each head's channels are rotated, but 32 at least. */
function rotatedChannels(headWidth: number): number {
  return Math.max(Math.trunc(headWidth / 2), 32);
}

/** The inputs that layer i takes of the two other graphs. */
function layerInputs(
  graph: Graph,
  config: DitConfig,
  i: number,
  prefixLength: number,
): { cross?: KeysAndValues | undefined; local?: LocalCondition | undefined } {
  const cross = crossAttends(config, i) ? crossInputs(graph, config, i) : undefined;
  if (!config.local_add_cond_dim) return { cross };
  const embedding = graph.input(`${layerName(i)}_local`, ['?B', '?T', config.embed_dim]);
  return { cross, local: { embedding, prefix: prefixLength } };
}

function crossInputs(graph: Graph, config: DitConfig, i: number): KeysAndValues {
  const shape: Dim[] = ['B', 'N', config.embed_dim];
  return {
    keys: keyNames(config, i).map((name) => graph.input(name, shape)),
    values: graph.input(`${layerName(i)}_values`, shape),
  };
}

/** x + a 1-wide convolution of x, without bias; x [B, T, channels]. */
function residualPointwise(scope: Scope, name: string, x: Value): Value {
  const convolved = pointwise(scope, name, x);
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

function attentionOptions(config: DitConfig): AttentionOptions {
  const { qk_norm, qk_norm_eps, differential, feat_scale } = config.attn_kwargs;
  return { heads: config.num_heads, qk_norm, qk_norm_eps, differential, feat_scale };
}

const contextWidth = (config: DitConfig) => (config.project_cond_tokens ? config.embed_dim : config.cond_token_dim);
const globalWidth = (config: DitConfig) => (config.project_global_cond ? config.embed_dim : config.global_cond_dim);

/** Whether layer i attends to the conditions: all do, unless the configuration names a last one. */
function crossAttends(config: DitConfig, i: number): boolean {
  return config.cond_token_dim > 0 && (config.final_cross_attn_ix === -1 || i <= config.final_cross_attn_ix);
}

/** Names of a layer's prepared keys: one map, or two with differential attention. */
const keyNames = (config: DitConfig, i: number) =>
  (config.attn_kwargs.differential ? ['keys', 'keys_diff'] : ['keys']).map((name) => `${layerName(i)}_${name}`);
