import type { AttentionConfig, FeedForwardConfig } from '@retone/checkpoint';
import { ops, type Value } from '@retone/graph';
import type { Scope } from '../backends/backend.ts';

// The transformer layer that DiT and SAME share (spec, section 3, from the reference's transformer.py).
// Sequences are [batch, n, width] throughout.

export type NormType = 'layer_norm' | 'rms_norm' | 'dyt';

/** A fully connected layer, with a bias if the checkpoint has one. */
export function linear(scope: Scope, x: Value, out: number): Value {
  return scope.backend.linear(scope, x, out, 1)[0]!;
}

/** A fully connected layer whose outputs are several things side by side. */
function linearParts(scope: Scope, x: Value, out: number, parts: number): Value[] {
  return scope.backend.linear(scope, x, out, parts);
}

/** Linear, SiLU, linear: the form of every embedder. The inner width is the outer one except where given. */
export function embedder(scope: Scope, x: Value, out: number, inner = out): Value {
  return linear(scope.at('2'), ops.silu(linear(scope.at('0'), x, inner)), out);
}

export function norm(scope: Scope, x: Value, type: NormType, epsilon: number): Value {
  const width = x.shape.at(-1) as number;
  const gamma = scope.weight('gamma', [width]);
  if (type === 'rms_norm') return ops.rmsNorm(x, gamma, epsilon);
  if (type === 'layer_norm') return ops.layerNorm(x, gamma, scope.optional('beta', [width]), epsilon);
  return dynamicTanh(scope, x);
}

/** `gamma * tanh(alpha x) + beta`, a norm without statistics (DyT). */
function dynamicTanh(scope: Scope, x: Value): Value {
  const width = x.shape.at(-1) as number;
  const squashed = ops.tanh(ops.mul(x, scope.weight('alpha', [1])));
  return ops.add(ops.mul(squashed, scope.weight('gamma', [width])), scope.weight('beta', [width]));
}

/** The rotary angles of positions 0, 1, ... along an axis of x: position * 10000^(-2j/dims) for pair j; [n, pairs]. */
export function rotaryAngles(scope: Scope, x: Value, axis: number, dims: number, base = 10000): Value {
  const pairs = Math.ceil(dims / 2);
  const computed = Float32Array.from({ length: pairs }, (_, j) => 1 / base ** ((2 * j) / dims));
  const frequencies = scope.optional('inv_freq', [pairs]) ?? scope.graph.constant(computed, [pairs]);
  const positions = ops.positions(x, axis);
  return ops.mul(ops.reshape(positions, [...positions.shape, 1]), frequencies);
}

/** How queries meet keys. With differential attention there are two maps over the same values, and their difference counts. */
export type Attend = (queries: Value[], keys: Value[], values: Value) => Value;

export interface AttentionOptions
  extends Pick<AttentionConfig, 'qk_norm' | 'qk_norm_eps' | 'differential' | 'feat_scale'> {
  heads: number;
}

/** Every query sees every key. */
export function fullAttention(heads: number, headWidth: number): Attend {
  const scale = 1 / Math.sqrt(headWidth);
  return (queries, keys, values) => {
    const maps = queries.map((query, i) => ops.multiHeadAttention(query, keys[i]!, values, heads, scale));
    return maps.length === 2 ? ops.sub(maps[0]!, maps[1]!) : maps[0]!;
  };
}

/** Positions of a sequence that are padding. */
export interface Padding {
  /** [batch or 1, n, 1]: 1 at positions that count, 0 at padding. */
  valid: Value;
  /**
   * int64 [1]: how many positions count, where self-attention and feed-forward leave the others out and give them zeros (the
   * reference's variable-length kernel). Absent: only their values are zeroed, and their keys stay in the softmax.
   */
  count?: Value | undefined;
}

/** Self-attention. `angles` rotate queries and keys; `keep` chooses the positions whose results are wanted. */
export function selfAttention(
  scope: Scope,
  x: Value,
  options: AttentionOptions & { attend: Attend; angles: Value; padding?: Padding | undefined; keep?: Keep | undefined },
): Value {
  const { heads, differential, attend, angles, padding, keep = (y: Value) => y } = options;
  const { valid, count } = padding ?? {};
  const width = x.shape.at(-1) as number;
  const parts = differential ? 5 : 3;
  const [q, k, v, q2, k2] = linearParts(scope.at('to_qkv'), x, parts * width, parts);
  const turned = (part: Value, side: 'q' | 'k') => {
    return ops.rotary(headNorm(scope.at(`${side}_norm`), part, options), angles, heads);
  };
  const queries = [q, q2].filter((part) => part !== undefined).map((part) => keep(turned(part, 'q')));
  const keys = [k, k2].filter((part) => part !== undefined).map((part) => turned(part, 'k'));
  const seen = (part: Value) => (count ? ops.takeFirst(part, 1, count, 'counted') : part);
  const values = valid && !count ? ops.mul(v!, valid) : seen(v!);
  const results = attend(queries, keys.map(seen), values);
  const attended = count ? ops.mul(results, valid!) : results;
  const out = linear(scope.at('to_out'), attended, width);
  return options.feat_scale ? featureScale(scope, out, valid) : out;
}

/** Keys and values of cross-attention, which depend on the context alone. */
export interface KeysAndValues {
  keys: Value[];
  values: Value;
}

/** The keys and values that cross-attention needs of a context [batch, m, width]. */
export function crossKeysAndValues(
  scope: Scope,
  context: Value,
  width: number,
  options: AttentionOptions,
): KeysAndValues {
  const contextWidth = context.shape.at(-1) as number;
  const parts = options.differential ? 3 : 2;
  const all = linearParts(scope.at('to_kv'), context, parts * contextWidth, parts);
  const headWidth = width / options.heads;
  const keys = all
    .slice(0, -1)
    .map((part) => headNorm(scope.at('k_norm'), part, { ...options, heads: contextWidth / headWidth }));
  const repeats = width / contextWidth;
  return {
    keys: keys.map((key) => repeatHeads(key, headWidth, repeats)),
    values: repeatHeads(all.at(-1)!, headWidth, repeats),
  };
}

export function crossAttention(scope: Scope, x: Value, context: KeysAndValues, options: AttentionOptions): Value {
  const width = x.shape.at(-1) as number;
  const maps = options.differential ? 2 : 1;
  const queries = linearParts(scope.at('to_q'), x, maps * width, maps).map((part) =>
    headNorm(scope.at('q_norm'), part, options),
  );
  const attended = fullAttention(options.heads, width / options.heads)(queries, context.keys, context.values);
  const out = linear(scope.at('to_out'), attended, width);
  return options.feat_scale ? featureScale(scope, out, undefined) : out;
}

/** Repeats every head `repeats` times in place, for fewer key heads than query heads. x [batch, n, heads*d]. */
export function repeatHeads(x: Value, headWidth: number, repeats: number): Value {
  if (repeats === 1) return x;
  const [batch, n, width] = x.shape as [Value['shape'][0], Value['shape'][0], number];
  const single = ops.reshape(x, [batch!, n!, width / headWidth, 1, headWidth]);
  return ops.reshape(ops.concat(Array(repeats).fill(single), 3), [batch!, n!, width * repeats]);
}

/** Normalises queries or keys in each head. x [batch, n, heads*d], same shape back. */
function headNorm(scope: Scope, x: Value, options: AttentionOptions): Value {
  const { qk_norm: type, qk_norm_eps: epsilon, heads } = options;
  if (type === 'none') return x;
  const width = x.shape.at(-1) as number;
  const headWidth = width / heads;
  const split = ops.reshape(x, [...x.shape.slice(0, -1), heads, headWidth]);
  const normed = {
    l2: () => ops.l2Norm(split, epsilon),
    ln: () => ops.layerNorm(split, scope.weight('weight', [headWidth]), scope.weight('bias', [headWidth]), epsilon),
    rms: () => ops.rmsNorm(split, scope.weight('gamma', [headWidth]), epsilon),
    dyt: () => dynamicTanh(scope, split),
  }[type]();
  return ops.reshape(normed, x.shape);
}

/** Adds `lambda_dc * mean + lambda_hf * (x - mean)`, the mean over the positions that count. */
function featureScale(scope: Scope, x: Value, valid: Value | undefined): Value {
  const width = x.shape.at(-1) as number;
  const constant = scope.weight('lambda_dc', [width]);
  const varying = scope.weight('lambda_hf', [width]);
  const average = valid ? ops.div(ops.sum(ops.mul(x, valid), 1), ops.sum(valid, 1)) : ops.mean(x, 1);
  const added = ops.add(ops.mul(average, constant), ops.mul(ops.sub(x, average), varying));
  return ops.add(x, valid ? ops.mul(added, valid) : added);
}

/** Gated feed-forward: `value * silu(gate)`, or `value * sin(pi gate)` where the layer is sinusoidal. */
export function feedForward(scope: Scope, x: Value, options: Pick<FeedForwardConfig, 'mult' | 'sinusoidal'>): Value {
  const width = x.shape.at(-1) as number;
  const inner = Math.trunc(width * options.mult);
  const [value, gate] = linearParts(scope.at('ff.0.proj'), x, 2 * inner, 2) as [Value, Value];
  const activated = options.sinusoidal ? ops.sin(ops.mul(gate, Math.PI)) : ops.silu(gate);
  return linear(scope.at('ff.2'), ops.mul(value, activated), width);
}

/** The convolution module of a Conformer layer: pointwise, gate, depthwise over 17 positions, norm, pointwise. */
function conformer(scope: Scope, x: Value, epsilon: number): Value {
  const width = x.shape.at(-1) as number;
  const pointwise = (name: string, value: Value) => {
    return ops.linear(value, ops.reshape(scope.weight(`${name}.weight`, [width, width, 1]), [width, width]));
  };
  let y = norm(scope.at('in_norm'), x, 'layer_norm', epsilon);
  const [value, gate] = ops.split(linear(scope.at('glu.proj'), pointwise('pointwise_conv', y), 2 * width), 2) as [
    Value,
    Value,
  ];
  y = ops.transpose(ops.mul(value, ops.silu(gate)), [0, 2, 1]);
  y = ops.conv1d(y, scope.weight('depthwise_conv.weight', [width, 1, 17]), { groups: width, padding: 8 });
  y = norm(scope.at('mid_norm'), ops.transpose(y, [0, 2, 1]), 'layer_norm', epsilon);
  return pointwise('pointwise_conv_2', ops.silu(y));
}

/** Chooses positions of a sequence [batch, n, width]. */
export type Keep = (x: Value) => Value;

export interface LayerOptions {
  norm: NormType;
  normEpsilon: number;
  attention: AttentionOptions;
  attend: Attend;
  angles: Value;
  feedForward: Pick<FeedForwardConfig, 'mult' | 'sinusoidal'>;
  conformer: boolean;
  layerScale: boolean;
  padding?: Padding | undefined;
  /** [batch or 1, 6*width]: what adaLN modulates with, before the layer's own offset. */
  modulation?: Value | undefined;
  cross?: KeysAndValues | undefined;
  /** [batch or 1, n' or 1, width], added to the last n' positions; those before (`prefix` of them) receive nothing. */
  local?: { embedding: Value; prefix: number } | undefined;
  /** The positions whose results are wanted, where not all are; only for layers in which nothing but attention mixes positions. */
  keep?: Keep | undefined;
  /** Name under which inner values are probed. */
  probe: string;
}

/** One transformer layer: self-attention, cross-attention, local condition, feed-forward, each added to its input. */
export function transformerLayer(scope: Scope, input: Value, options: LayerOptions): Value {
  const { graph } = scope;
  const { probe } = options;
  const width = input.shape.at(-1) as number;
  const scaled = (name: string, y: Value) =>
    options.layerScale ? ops.mul(y, scope.weight(`${name}.scale`, [width])) : y;
  const normed = (name: string, y: Value) => norm(scope.at(name), y, options.norm, options.normEpsilon);

  const vectors = options.modulation ? modulationVectors(scope, options.modulation, width) : undefined;
  const modulated = (branch: 'self' | 'ff', y: Value, run: (y: Value) => Value) => {
    if (!vectors) return run(y);
    const [scale, shift, gate] = vectors[branch];
    const out = run(ops.add(ops.mul(y, ops.add(scale, 1)), shift));
    return ops.mul(out, ops.sigmoid(ops.sub(1, gate)));
  };

  let x = input;
  const attended = modulated('self', normed('pre_norm', x), (y) => {
    const { attend, angles, padding, keep } = options;
    const out = selfAttention(scope.at('self_attn'), y, { ...options.attention, attend, angles, padding, keep });
    graph.probe(`${probe}_self_attn`, out);
    return out;
  });
  if (options.keep) x = options.keep(x);
  x = ops.add(x, scaled('self_attn_scale', attended));

  if (options.cross) {
    const crossed = crossAttention(
      scope.at('cross_attn'),
      normed('cross_attend_norm', x),
      options.cross,
      options.attention,
    );
    graph.probe(`${probe}_cross_attn`, crossed);
    x = ops.add(x, scaled('cross_attn_scale', crossed));
  }
  if (options.conformer) {
    x = ops.add(x, scaled('conformer_scale', conformer(scope.at('conformer'), x, options.normEpsilon)));
  }
  if (options.local) x = addLocal(x, options.local.embedding, options.local.prefix);

  const forwarded = modulated('ff', normed('ff_norm', x), (y) => {
    const out = feedForward(scope.at('ff'), y, options.feedForward);
    graph.probe(`${probe}_ff`, out);
    return options.padding?.count ? ops.mul(out, options.padding.valid) : out;
  });
  x = ops.add(x, scaled('ff_scale', forwarded));
  graph.probe(probe, x);
  return x;
}

type Modulation = [scale: Value, shift: Value, gate: Value];

function modulationVectors(scope: Scope, modulation: Value, width: number): { self: Modulation; ff: Modulation } {
  const all = ops.add(modulation, scope.weight('to_scale_shift_gate', [6 * width]));
  const vectors = ops.split(ops.reshape(all, [all.shape[0]!, 1, 6 * width]), 6);
  return { self: vectors.slice(0, 3) as Modulation, ff: vectors.slice(3) as Modulation };
}

function addLocal(x: Value, embedding: Value, prefix: number): Value {
  if (prefix === 0) return ops.add(x, embedding);
  const before = ops.slice(x, 1, 0, prefix, prefix);
  return ops.concat([before, ops.add(ops.dropFirst(x, 1, prefix), embedding)], 1);
}
