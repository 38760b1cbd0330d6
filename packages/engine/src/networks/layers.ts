import type { FeedForwardConfig } from '@retone/checkpoint';
import { lastDim, ops, type Value } from '@retone/graph';
import type { Scope } from '../backends/backend.ts';

// The small layers that DiT, SAME and the text encoder are made of (spec, section 3, from the reference's transformer.py).
// Sequences are [batch, n, width] throughout.

export type NormType = 'layer_norm' | 'rms_norm' | 'dyt';

/** A fully connected layer, with a bias if the checkpoint has one. */
export function linear(scope: Scope, x: Value, out: number): Value {
  return scope.backend.linear(scope, x, out, 1)[0]!;
}

/** A fully connected layer whose outputs are several things of one width side by side. */
export function linearParts(scope: Scope, x: Value, width: number, parts: number): Value[] {
  return scope.backend.linear(scope, x, parts * width, parts);
}

/** Linear, SiLU, linear: the form of every embedder. The inner width is the outer one except where given. */
export function embedder(scope: Scope, x: Value, out: number, inner = out): Value {
  return linear(scope.at('2'), ops.silu(linear(scope.at('0'), x, inner)), out);
}

export function norm(scope: Scope, x: Value, type: NormType, epsilon: number): Value {
  if (type === 'dyt') return dynamicTanh(scope, x);
  const width = lastDim(x);
  const gamma = scope.weight('gamma', [width]);
  if (type === 'rms_norm') return ops.rmsNorm(x, gamma, epsilon);
  return ops.layerNorm(x, gamma, scope.optional('beta', [width]), epsilon);
}

/** `gamma * tanh(alpha x) + beta`, a norm without statistics (DyT). */
export function dynamicTanh(scope: Scope, x: Value): Value {
  const width = lastDim(x);
  const squashed = ops.tanh(ops.mul(x, scope.weight('alpha', [1])));
  return ops.add(ops.mul(squashed, scope.weight('gamma', [width])), scope.weight('beta', [width]));
}

/** Gated feed-forward: `value * silu(gate)`, or `value * sin(pi gate)` where the layer is sinusoidal. */
export function feedForward(scope: Scope, x: Value, options: Pick<FeedForwardConfig, 'mult' | 'sinusoidal'>): Value {
  const width = lastDim(x);
  const inner = Math.trunc(width * options.mult);
  const [value, gate] = linearParts(scope.at('ff.0.proj'), x, inner, 2); // each [batch, n, inner]
  const activated = options.sinusoidal ? ops.sin(ops.mul(gate!, Math.PI)) : ops.silu(gate!);
  return linear(scope.at('ff.2'), ops.mul(value!, activated), width);
}

/** Positions that a Conformer's depthwise convolution sees. */
const conformerKernel = 17;

/** The convolution module of a Conformer layer: pointwise, gate, depthwise, norm, pointwise. */
export function conformer(scope: Scope, x: Value, epsilon: number): Value {
  const width = lastDim(x);
  const layerNorm = (name: string, y: Value) => norm(scope.at(name), y, 'layer_norm', epsilon);
  const y = pointwise(scope, 'pointwise_conv', layerNorm('in_norm', x));
  const [value, gate] = ops.split(linear(scope.at('glu.proj'), y, 2 * width), 2);
  const gated = ops.transpose(ops.mul(value!, ops.silu(gate!)), [0, 2, 1]); // [batch, width, n]
  const kernel = scope.weight('depthwise_conv.weight', [width, 1, conformerKernel]);
  const convolved = ops.conv1d(gated, kernel, { groups: width, padding: (conformerKernel - 1) / 2 });
  const normed = layerNorm('mid_norm', ops.transpose(convolved, [0, 2, 1]));
  return pointwise(scope, 'pointwise_conv_2', ops.silu(normed));
}

/** A 1-wide convolution without bias that keeps the number of channels. x [batch, n, channels]. */
export function pointwise(scope: Scope, name: string, x: Value): Value {
  const channels = lastDim(x);
  const weight = scope.weight(`${name}.weight`, [channels, channels, 1]);
  return ops.linear(x, ops.reshape(weight, [channels, channels]));
}
