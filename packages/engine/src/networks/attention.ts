import type { AttentionConfig } from '@retone/checkpoint';
import { dims, lastDim, ops, type Value } from '@retone/graph';
import type { Scope } from '../backends/backend.ts';
import { dynamicTanh, linear, linearParts } from './layers.ts';

// Attention as DiT and SAME share it (spec, section 3). Queries, keys and values are [batch, n, heads * headWidth].

/** How queries meet keys. With differential attention there are two maps over the same values, and their difference counts. */
export type Attend = (queries: Value[], keys: Value[], values: Value) => Value;

export interface AttentionOptions
  extends Pick<AttentionConfig, 'qk_norm' | 'qk_norm_eps' | 'differential' | 'feat_scale'> {
  heads: number;
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

/** Chooses positions of a sequence [batch, n, width]. */
export type Keep = (x: Value) => Value;

export interface SelfAttentionOptions extends AttentionOptions {
  attend: Attend;
  /** [n, pairs]: what queries and keys are rotated by. */
  angles: Value;
  padding?: Padding | undefined;
  /** The positions whose results are wanted, where not all are. */
  keep?: Keep | undefined;
}

/** The rotary angles of positions 0, 1, ... along an axis of x: position * 10000^(-2j/dims) for pair j; [n, pairs]. */
export function rotaryAngles(
  scope: Scope,
  x: Value,
  { axis, channels, base = 10000 }: { axis: number; channels: number; base?: number },
): Value {
  const pairs = Math.ceil(channels / 2);
  const computed = Float32Array.from({ length: pairs }, (_, j) => 1 / base ** ((2 * j) / channels));
  const frequencies = scope.optional('inv_freq', [pairs]) ?? scope.graph.constant(computed, [pairs]);
  const positions = ops.positions(x, axis);
  return ops.mul(ops.reshape(positions, [...positions.shape, 1]), frequencies);
}

/** Every query sees every key. */
export function fullAttention(heads: number, headWidth: number): Attend {
  const scale = 1 / Math.sqrt(headWidth);
  return (queries, keys, values) => {
    return difference(queries.map((query, i) => ops.multiHeadAttention(query, keys[i]!, values, heads, scale)));
  };
}

/** The one map, or with differential attention the first less the second. */
export function difference([first, second]: Value[]): Value {
  return second ? ops.sub(first!, second) : first!;
}

export function selfAttention(scope: Scope, x: Value, options: SelfAttentionOptions): Value {
  const { heads, differential, attend, angles, padding, keep = (y: Value) => y } = options;
  const width = lastDim(x);
  // each [batch, n, width]; differential attention has a second pair of queries and keys
  const [q, k, v, q2, k2] = linearParts(scope.at('to_qkv'), x, width, differential ? 5 : 3);
  const rotated = (part: Value, side: 'q' | 'k') =>
    ops.rotary(headNorm(scope.at(`${side}_norm`), part, options), angles, heads);
  const queries = present(q, q2).map((part) => keep(rotated(part, 'q')));
  const keys = present(k, k2).map((part) => rotated(part, 'k'));
  const attended = attendToValid({ queries, keys, values: v!, attend, padding });
  const out = linear(scope.at('to_out'), attended, width);
  return options.feat_scale ? featureScale(scope, out, padding?.valid) : out;
}

/** Attention in which padding, where there is any, counts as {@link Padding} says. */
function attendToValid({
  queries,
  keys,
  values,
  attend,
  padding,
}: {
  queries: Value[];
  keys: Value[];
  values: Value;
  attend: Attend;
  padding: Padding | undefined;
}): Value {
  if (!padding) return attend(queries, keys, values);
  const { valid, count } = padding;
  if (!count) return attend(queries, keys, ops.mul(values, valid));
  const first = (x: Value) => ops.takeFirst(x, 1, count, 'counted');
  const counted = first(values);
  return ops.mul(attend(queries, keys.map(first), counted), valid);
}

/** Keys and values of cross-attention, which depend on the context alone. */
export interface KeysAndValues {
  keys: Value[];
  values: Value;
}

/** The keys and values that cross-attention of `width` needs of a context [batch, m, contextWidth]. */
export function crossKeysAndValues(
  scope: Scope,
  context: Value,
  width: number,
  options: AttentionOptions,
): KeysAndValues {
  const contextWidth = lastDim(context);
  const headWidth = width / options.heads;
  const own = { ...options, heads: contextWidth / headWidth };
  const parts = linearParts(scope.at('to_kv'), context, contextWidth, options.differential ? 3 : 2);
  const keys = parts.slice(0, -1).map((part) => headNorm(scope.at('k_norm'), part, own));
  const repeated = (x: Value) => repeatHeads(x, headWidth, width / contextWidth);
  return { keys: keys.map(repeated), values: repeated(parts.at(-1)!) };
}

export function crossAttention(scope: Scope, x: Value, context: KeysAndValues, options: AttentionOptions): Value {
  const width = lastDim(x);
  const parts = linearParts(scope.at('to_q'), x, width, options.differential ? 2 : 1);
  const queries = parts.map((part) => headNorm(scope.at('q_norm'), part, options));
  const attended = fullAttention(options.heads, width / options.heads)(queries, context.keys, context.values);
  const out = linear(scope.at('to_out'), attended, width);
  return options.feat_scale ? featureScale(scope, out, undefined) : out;
}

/** Repeats every head `repeats` times in place, for fewer key heads than query heads. x [batch, n, heads * headWidth]. */
export function repeatHeads(x: Value, headWidth: number, repeats: number): Value {
  if (repeats === 1) return x;
  const [batch, n] = dims(x, 3);
  const width = lastDim(x);
  const single = ops.reshape(x, [batch, n, width / headWidth, 1, headWidth]);
  return ops.reshape(ops.concat(Array(repeats).fill(single), 3), [batch, n, width * repeats]);
}

/** Normalises queries or keys in each head. x [batch, n, heads * headWidth], same shape back. */
function headNorm(scope: Scope, x: Value, { qk_norm: type, qk_norm_eps: epsilon, heads }: AttentionOptions): Value {
  if (type === 'none') return x;
  const headWidth = lastDim(x) / heads;
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
  const width = lastDim(x);
  const constant = scope.weight('lambda_dc', [width]);
  const varying = scope.weight('lambda_hf', [width]);
  const average = valid ? ops.div(ops.sum(ops.mul(x, valid), 1), ops.sum(valid, 1)) : ops.mean(x, 1);
  const added = ops.add(ops.mul(average, constant), ops.mul(ops.sub(x, average), varying));
  return ops.add(x, valid ? ops.mul(added, valid) : added);
}

function present(...values: (Value | undefined)[]): Value[] {
  return values.filter((value) => value !== undefined);
}
