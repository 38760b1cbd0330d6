import { weightValues } from '@retone/checkpoint';
import { lastDim, ops, type Value } from '@retone/graph';
import type { SessionOptions } from '@retone/runtime';
import type { Backend, Scope } from './backend.ts';
import { exactBackend, exactLinear } from './exact.ts';
import type { Precision } from './precision.ts';
import { isReduced } from './quantise.ts';

// Layers in 16-bit floats, for GPUs: those that processors compute in 8 bits. Only the products are; norms, attention,
// what is added up over the layers, embedders, adaLN, latents and all inputs and outputs stay in float32.

/** The largest float16. */
const largestHalf = 65504;

export interface HalfOptions extends SessionOptions {
  precision: Precision;
  /** Called for each layer that has to stay in float32. */
  onFallback?: ((message: string) => void) | undefined;
}

/** Large products in 16-bit floats, from the checkpoint's own file; its weights are rounded when sessions are made. */
export function halfBackend(options: HalfOptions): Backend {
  return {
    ...exactBackend(options),
    linear: (scope, x, out, parts) => halfLinear(scope, x, out, parts, options),
  };
}

/**
 * A layer in 16-bit floats where the precision wants that of its kind, else in float32.
 *
 * Nothing can overflow, in partial sums neither: every row is divided by its root mean square before the product and
 * multiplied by it afterwards, so by Cauchy and Schwarz no result exceeds the norm of a row of the weight times the
 * square root of its length. A weight for which that is too much (none of the published ones) stays in float32.
 */
function halfLinear(scope: Scope, x: Value, out: number, parts: number, options: HalfOptions): Value[] {
  if (!isReduced(scope, options.precision)) return exactLinear(scope, x, out, parts);
  const inner = lastDim(x);
  const largest = largestRowNorm(weightValues(scope.weights.get(scope.path('weight'), [out, inner])), inner);
  if (largest * Math.sqrt(inner) > largestHalf) {
    options.onFallback?.(`${scope.prefix} has weights too large for 16-bit floats and is computed in 32`);
    return exactLinear(scope, x, out, parts);
  }
  const size = ops.rootMeanSquare(x, 1e-20);
  const product = ops.mul(ops.halfLinear(ops.div(x, size), scope.weight('weight', [out, inner])), size);
  const bias = scope.optional('bias', [out]);
  const y = bias ? ops.add(product, bias) : product;
  return parts === 1 ? [y] : ops.split(y, parts);
}

/** The largest Euclidean norm of the rows of a matrix [.., inner]. */
function largestRowNorm(matrix: Float32Array, inner: number): number {
  let largest = 0;
  for (let start = 0; start < matrix.length; start += inner) {
    let sum = 0;
    for (let i = start; i < start + inner; i++) sum += matrix[i]! ** 2;
    largest = Math.max(largest, sum);
  }
  return Math.sqrt(largest);
}
