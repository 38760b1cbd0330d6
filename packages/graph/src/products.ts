import { check, checkVector, single } from './add-node.ts';
import { broadcast, type Dim, dims, sizes } from './dims.ts';
import type { Value } from './node.ts';
import { add } from './operators.ts';

/** Batched matrix product [..., m, k] x [..., k, n]. */
export function matmul(a: Value, b: Value): Value {
  const [m, k] = a.shape.slice(-2) as [Dim, Dim];
  const [inner, n] = b.shape.slice(-2) as [Dim, Dim];
  check(a.shape.length >= 2 && b.shape.length >= 2 && k === inner, `cannot multiply [${a.shape}] by [${b.shape}]`);
  return single('MatMul', [a, b], {}, [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n]);
}

/** `x W^T (+ bias)` for x [..., in] and W [out, in], the layout of PyTorch's `nn.Linear`. */
export function linear(x: Value, weight: Value, bias?: Value): Value {
  const [out, inner] = dims(weight, 2);
  check(x.shape.at(-1) === inner, `cannot apply a linear layer [${weight.shape}] to [${x.shape}]`);
  checkVector(bias, out, 'bias');
  const product = transposedProduct(x, weight);
  return bias ? add(product, bias) : product;
}

/** {@link linear} with its product in 16-bit floats: x and the weight are rounded to them, and so is the product. */
export function halfLinear(x: Value, weight: Value, bias?: Value): Value {
  const { graph } = x;
  const product = transposedProduct(graph.cast(x, 'float16'), graph.cast(weight, 'float16'));
  return bias ? add(graph.cast(product, 'float32'), bias) : graph.cast(product, 'float32');
}

/** A matrix in 8 bits: `values * scale`, one scale per output. */
export interface QuantisedMatrix {
  /** int8 [in, out]. */
  values: Value;
  /** [out]. */
  scale: Value;
}

/**
 * `x W (+ bias)` in 8-bit integers, for x [..., in]. The operator takes x to 8 bits with one step size for all of it, so
 * rows should be of similar size ({@link rmsNormed}).
 */
export function quantisedLinear(x: Value, { values, scale }: QuantisedMatrix, bias?: Value): Value {
  const [inner, out] = sizes(values, 2);
  check(
    values.type === 'int8' && x.shape.at(-1) === inner,
    `cannot apply a quantised layer ${values.type} [${values.shape}] to [${x.shape}]`,
  );
  checkVector(scale, out, 'scale');
  checkVector(bias, out, 'bias');
  const inputs = [x, values, scale, undefined, bias];
  return x.graph.node('com.microsoft::DynamicQuantizeMatMul', inputs, {}, [[...x.shape.slice(0, -1), out]])[0]!;
}

/** A matrix in 8 bits for the sake of its size: `(values - 128) * scale`, one scale per output and block of inputs. */
export interface BlockQuantisedMatrix {
  /** uint8 [out, blocks, in / blocks]. */
  values: Value;
  /** [out * blocks]. */
  scale: Value;
}

/** `x W^T (+ bias)` in float32, for x [..., in]; the weights are widened on the way. */
export function blockQuantisedLinear(x: Value, { values, scale }: BlockQuantisedMatrix, bias?: Value): Value {
  const [out, blocks, size] = sizes(values, 3);
  const inner = blocks * size;
  check(
    values.type === 'uint8' && x.shape.at(-1) === inner,
    `cannot apply a block-quantised layer ${values.type} [${values.shape}] to [${x.shape}]`,
  );
  checkVector(scale, out * blocks, 'scale');
  checkVector(bias, out, 'bias');
  const attributes = { K: { int: inner }, N: { int: out }, bits: { int: 8 }, block_size: { int: size } };
  const shape = [...x.shape.slice(0, -1), out];
  const product = x.graph.node('com.microsoft::MatMulNBits', [x, values, scale], attributes, [shape])[0]!;
  return bias ? add(product, bias) : product;
}

/** The largest absolute value in each place of the last axis [last axis]. */
export function channelPeaks(x: Value): Value {
  const peaks = single(
    'ReduceMax',
    [single('Abs', [x], {}, x.shape), x.shape.slice(0, -1).map((_, i) => i)],
    { keepdims: { int: 0 } },
    [x.shape.at(-1)!],
  );
  return peaks;
}

/** `x W^T`, of the element type of both. */
function transposedProduct(x: Value, weight: Value): Value {
  const shape = [...x.shape.slice(0, -1), weight.shape[0]!];
  const attributes = { transB: { int: 1 } };
  return x.graph.node('com.microsoft::FusedMatMul', [x, weight], attributes, [shape], x.type)[0]!;
}
