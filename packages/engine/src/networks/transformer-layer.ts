import type { FeedForwardConfig } from '@retone/checkpoint';
import { lastDim, ops, type Value } from '@retone/graph';
import type { Scope } from '../backends/backend.ts';
import { crossAttention, type KeysAndValues, type SelfAttentionOptions, selfAttention } from './attention.ts';
import { conformer, feedForward, type NormType, norm } from './layers.ts';

export interface LayerOptions {
  norm: NormType;
  normEpsilon: number;
  /** `keep` only where nothing but attention mixes positions. */
  attention: SelfAttentionOptions;
  feedForward: Pick<FeedForwardConfig, 'mult' | 'sinusoidal'>;
  conformer: boolean;
  layerScale: boolean;
  /** [batch or 1, 6*width]: what adaLN modulates with, before the layer's own offset. */
  modulation?: Value | undefined;
  cross?: KeysAndValues | undefined;
  local?: LocalCondition | undefined;
  /** Name under which inner values are probed. */
  probe: string;
}

/** [batch or 1, n' or 1, width], added to the last n' positions; those before (`prefix` of them) receive nothing. */
export interface LocalCondition {
  embedding: Value;
  prefix: number;
}

/**
 * One transformer layer: self-attention, cross-attention, local condition, feed-forward, each added to its input.
 * x [batch, n, width], same shape back but for the positions that `attention.keep` leaves out.
 */
export function transformerLayer(scope: Scope, input: Value, options: LayerOptions): Value {
  const { keep = (y: Value) => y } = options.attention;
  const { cross, local } = options;
  const modulation = modulationOf(scope, options.modulation, lastDim(input));
  const scaled = (name: string, y: Value) => (options.layerScale ? layerScale(scope.at(name), y) : y);

  const attended = selfAttentionBranch(scope, input, modulation?.attention, options);
  let x = ops.add(keep(input), scaled('self_attn_scale', attended));
  if (cross) x = ops.add(x, scaled('cross_attn_scale', crossAttentionBranch(scope, x, cross, options)));
  if (options.conformer)
    x = ops.add(x, scaled('conformer_scale', conformer(scope.at('conformer'), x, options.normEpsilon)));
  if (local) x = addLocal(x, local);
  x = ops.add(x, scaled('ff_scale', feedForwardBranch(scope, x, modulation?.feedForward, options)));
  scope.graph.probe(options.probe, x);
  return x;
}

function selfAttentionBranch(scope: Scope, x: Value, modulation: Modulation | undefined, options: LayerOptions): Value {
  return modulated(modulation, normed(scope.at('pre_norm'), x, options), (y) => {
    const out = selfAttention(scope.at('self_attn'), y, options.attention);
    scope.graph.probe(`${options.probe}_self_attn`, out);
    return out;
  });
}

function crossAttentionBranch(scope: Scope, x: Value, context: KeysAndValues, options: LayerOptions): Value {
  const y = normed(scope.at('cross_attend_norm'), x, options);
  const out = crossAttention(scope.at('cross_attn'), y, context, options.attention);
  scope.graph.probe(`${options.probe}_cross_attn`, out);
  return out;
}

function feedForwardBranch(scope: Scope, x: Value, modulation: Modulation | undefined, options: LayerOptions): Value {
  const { padding } = options.attention;
  return modulated(modulation, normed(scope.at('ff_norm'), x, options), (y) => {
    const out = feedForward(scope.at('ff'), y, options.feedForward);
    scope.graph.probe(`${options.probe}_ff`, out);
    return padding?.count ? ops.mul(out, padding.valid) : out;
  });
}

function normed(scope: Scope, x: Value, options: LayerOptions): Value {
  return norm(scope, x, options.norm, options.normEpsilon);
}

function layerScale(scope: Scope, x: Value): Value {
  return ops.mul(x, scope.weight('scale', [lastDim(x)]));
}

/** The modulation of one branch by adaLN; each [batch or 1, 1, width]. */
interface Modulation {
  scale: Value;
  shift: Value;
  gate: Value;
}

/** `run(x * (1 + scale) + shift) * sigmoid(1 - gate)`: adaLN as the reference has it; without modulation `run(x)`. */
function modulated(modulation: Modulation | undefined, x: Value, run: (x: Value) => Value): Value {
  if (!modulation) return run(x);
  const { scale, shift, gate } = modulation;
  const out = run(ops.add(ops.mul(x, ops.add(scale, 1)), shift));
  return ops.mul(out, ops.sigmoid(ops.sub(1, gate)));
}

/** The modulation of both branches: the model's vector [batch or 1, 6*width] plus the layer's offset, in six. */
function modulationOf(
  scope: Scope,
  vector: Value | undefined,
  width: number,
): { attention: Modulation; feedForward: Modulation } | undefined {
  if (!vector) return undefined;
  const all = ops.add(vector, scope.weight('to_scale_shift_gate', [6 * width]));
  const parts = ops.split(ops.reshape(all, [all.shape[0]!, 1, 6 * width]), 6);
  const branch = (at: number) => ({ scale: parts[at]!, shift: parts[at + 1]!, gate: parts[at + 2]! });
  return { attention: branch(0), feedForward: branch(3) };
}

function addLocal(x: Value, { embedding, prefix }: LocalCondition): Value {
  if (prefix === 0) return ops.add(x, embedding);
  const before = ops.slice(x, 1, 0, prefix, prefix);
  return ops.concat([before, ops.add(ops.dropFirst(x, 1, prefix), embedding)], 1);
}
