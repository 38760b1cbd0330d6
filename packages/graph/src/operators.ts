import { apply, check, checkVector, type Operand, position, single } from './add-node.ts';
import { addDims, broadcast, type Dim, dims, elementCount, lastDim, type Shape, sizes } from './dims.ts';
import type { Value } from './node.ts';

// Operators on float32 values. Negative axes count from the end, as in ONNX. Each throws TypeError on shapes and element
// types that do not fit.

export const add = (a: Operand, b: Operand): Value => binary('Add', a, b);

export const sub = (a: Operand, b: Operand): Value => binary('Sub', a, b);

export const mul = (a: Operand, b: Operand): Value => binary('Mul', a, b);

export const div = (a: Operand, b: Operand): Value => binary('Div', a, b);

export const tanh = (x: Value): Value => single('Tanh', [x], {}, x.shape);

export const sin = (x: Value): Value => single('Sin', [x], {}, x.shape);

export const sigmoid = (x: Value): Value => single('Sigmoid', [x], {}, x.shape);

export const sqrt = (x: Value): Value => single('Sqrt', [x], {}, x.shape);

export const softmax = (x: Value): Value => single('Softmax', [x], { axis: { int: -1 } }, x.shape);

/** x * sigmoid(x). */
export const silu = (x: Value): Value => single('com.microsoft::QuickGelu', [x], { alpha: 1 }, x.shape);

/** The tanh approximation of GELU. */
export const gelu = (x: Value): Value => single('Gelu', [x], { approximate: 'tanh' }, x.shape);

/** Mean over one axis, which stays with size 1. */
export function mean(x: Value, axis: number): Value {
  const shape = x.shape.with(position(x, axis), 1);
  return single('ReduceMean', [x, [axis]], { keepdims: { int: 1 } }, shape);
}

/** Sum over one axis, which stays with size 1. */
export function sum(x: Value, axis: number): Value {
  const shape = x.shape.with(position(x, axis), 1);
  return single('ReduceSum', [x, [axis]], { keepdims: { int: 1 } }, shape);
}

export function concat(values: readonly Value[], axis: number): Value {
  const [first, ...rest] = values;
  if (!first) throw new TypeError('nothing to concatenate');
  if (rest.length === 0) return first;
  const at = position(first, axis);
  for (const value of rest) {
    const fits =
      value.shape.length === first.shape.length && value.shape.every((dim, i) => i === at || dim === first.shape[i]);
    check(fits, `cannot concatenate [${first.shape}] and [${value.shape}] along axis ${axis}`);
  }
  const size = values.map((value) => value.shape[at]!).reduce(addDims);
  return single('Concat', values, { axis: { int: at } }, first.shape.with(at, size));
}

/** Elements `start .. end` of one axis; negative positions count from the end. `size` is what that leaves. */
export function slice(x: Value, axis: number, start: number, end: number, size: Dim): Value {
  const at = position(x, axis);
  const whole = x.shape[at]!;
  if (typeof whole === 'number') {
    const bound = (index: number) => Math.min(Math.max(index < 0 ? index + whole : index, 0), whole);
    check(bound(end) - bound(start) === size, `${start} to ${end} of axis ${axis} of [${x.shape}] are not ${size}`);
  }
  return single('Slice', [x, [start], [end], [at]], {}, x.shape.with(at, size));
}

/** Everything from `start` on along one axis. */
export function dropFirst(x: Value, axis: number, start: number): Value {
  return start === 0 ? x : slice(x, axis, start, Number.MAX_SAFE_INTEGER, addDims(x.shape[position(x, axis)]!, -start));
}

/** The first elements along one axis, as many as `count` (int64 [1]) says when the graph runs; `size` is their name. */
export function takeFirst(x: Value, axis: number, count: Value, size: string): Value {
  const at = position(x, axis);
  check(
    count.type === 'int64' && count.shape.length === 1,
    `a count [${count.shape}] of ${count.type} is not int64 [1]`,
  );
  const { graph } = x;
  const inputs = [x, graph.indices([0]), count, graph.indices([at])];
  return graph.node('Slice', inputs, {}, [x.shape.with(at, size)])[0]!;
}

/** Cuts an axis of known size into parts of equal size. */
export function split(x: Value, parts: number, axis = -1): Value[] {
  const at = position(x, axis);
  const size = x.shape[at]!;
  check(
    typeof size === 'number' && Number.isInteger(parts) && size % parts === 0,
    `cannot split axis ${axis} of [${x.shape}] into ${parts} equal parts`,
  );
  const shape = x.shape.with(at, (size as number) / parts);
  return apply('Split', [x], { axis: { int: at }, num_outputs: { int: parts } }, Array(parts).fill(shape));
}

/** At most one axis of unknown size may change its place or its factor; its size follows from the others. */
export function reshape(x: Value, shape: Shape): Value {
  check(elementCount(x.shape) === elementCount(shape), `cannot reshape [${x.shape}] to [${shape}]`);
  const target = shape.map((dim, i) => (typeof dim === 'number' ? dim : dim === x.shape[i] ? 0 : -1));
  check(
    target.filter((dim) => dim === -1).length <= 1,
    `cannot reshape [${x.shape}] to [${shape}]: several unknown sizes`,
  );
  return single('Reshape', [x, target], {}, shape);
}

export function transpose(x: Value, order: readonly number[]): Value {
  const axes = order.toSorted((a, b) => a - b);
  check(
    order.length === x.shape.length && axes.every((axis, i) => axis === i),
    `cannot transpose [${x.shape}] by [${order}]`,
  );
  return single(
    'Transpose',
    [x],
    { perm: order },
    order.map((axis) => x.shape[axis]!),
  );
}

/** Adds `before` and `after` zeros along one axis. */
export function pad(x: Value, axis: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return x;
  const at = position(x, axis);
  check(before >= 0 && after >= 0, `cannot pad axis ${axis} of [${x.shape}] by ${before} and ${after}`);
  return single(
    'Pad',
    [x, [before, after], x.graph.constant(0), [at]],
    {},
    x.shape.with(at, addDims(x.shape[at]!, before + after)),
  );
}

/** Repeats an axis of size 1 to the size that the same axis has in `like`. */
export function expand(x: Value, axis: number, like: Value): Value {
  const at = position(x, axis);
  const { graph } = x;
  check(x.shape[at] === 1 && at < like.shape.length, `cannot expand axis ${axis} of [${x.shape}] to [${like.shape}]`);
  const ones = (count: number) => graph.indices(Array(count).fill(1));
  const size = graph.node('Shape', [like], { start: { int: at }, end: { int: at + 1 } }, [[1]])[0]!;
  const target = [ones(at), size, ones(x.shape.length - at - 1)];
  const shape = graph.node('Concat', target, { axis: { int: 0 } }, [[x.shape.length]])[0]!;
  return single('Expand', [x, shape], {}, x.shape.with(at, like.shape[at]!));
}

/** The numbers 0, 1, 2, ... for each index of an axis, as float32 [size]. */
export function positions(x: Value, axis: number): Value {
  const at = position(x, axis);
  const { graph } = x;
  const known = x.shape[at]!;
  if (typeof known === 'number')
    return graph.constant(
      Float32Array.from({ length: known }, (_, i) => i),
      [known],
    );
  const size = graph.node('Shape', [x], { start: { int: at }, end: { int: at + 1 } }, [[1]])[0]!;
  const limit = single('Squeeze', [graph.node('Cast', [size], { to: { int: 1 } }, [[1]])[0]!], {}, []);
  return single('Range', [graph.constant(0), limit, graph.constant(1)], {}, [x.shape[at]!]);
}

/**
 * Rotates the first `2 * frequencies` channels of every head by position (rotary embedding, half-split pairing: channel
 * i with i + frequencies). x [batch, n, heads*d], angles [n, frequencies].
 */
export function rotary(x: Value, angles: Value, heads: number): Value {
  const [length] = dims(angles, 2);
  const frequencies = lastDim(angles);
  const headWidth = lastDim(x) / heads;
  check(
    x.shape.length === 3 && x.shape[1] === length && Number.isInteger(headWidth) && 2 * frequencies <= headWidth,
    `cannot rotate ${heads} heads of [${x.shape}] by angles [${angles.shape}]`,
  );
  const cosine = single('Cos', [angles], {}, angles.shape);
  const sine = single('Sin', [angles], {}, angles.shape);
  const attributes = { num_heads: { int: heads }, rotary_embedding_dim: { int: 2 * frequencies } };
  return single('com.microsoft::RotaryEmbedding', [x, [0], cosine, sine], attributes, x.shape);
}

/** Grouped one-dimensional convolution of x [batch, in, time] with weight [out, in/groups, kernel], zero padding on both sides. */
export function conv1d(
  x: Value,
  weight: Value,
  options: { groups?: number; padding?: number; bias?: Value } = {},
): Value {
  const { groups = 1, padding = 0, bias } = options;
  const [out, perGroup, kernel] = sizes(weight, 3);
  check(
    x.shape.length === 3 && x.shape[1] === perGroup * groups,
    `cannot convolve [${x.shape}] with [${weight.shape}]`,
  );
  checkVector(bias, out, 'bias');
  const shape = [x.shape[0]!, out, addDims(x.shape[2]!, 2 * padding - kernel + 1)];
  return single('Conv', [x, weight, bias], { group: { int: groups }, pads: [padding, padding] }, shape);
}

/** `x / sqrt(mean(x^2) + epsilon) * scale` over the last axis; scale [last axis]. */
export function rmsNorm(x: Value, scale: Value, epsilon: number): Value {
  checkVector(scale, x.shape.at(-1)!, 'scale');
  return single('SimplifiedLayerNormalization', [x, scale], { axis: { int: -1 }, epsilon }, x.shape);
}

/** `x / sqrt(mean(x^2))` over the last axis times `scale`, and the factors `1 / sqrt(mean(x^2))` [..., 1] that it took. */
export function rmsNormed(x: Value, scale: Value): { normed: Value; factor: Value } {
  checkVector(scale, x.shape.at(-1)!, 'scale');
  const [normed, factor] = apply('SimplifiedLayerNormalization', [x, scale], { axis: { int: -1 }, epsilon: 1e-20 }, [
    x.shape,
    x.shape.with(-1, 1),
  ]);
  return { normed: normed!, factor: factor! };
}

/** `(x - mean) / sqrt(variance + epsilon) * scale + bias` over the last axis. */
export function layerNorm(x: Value, scale: Value, bias: Value | undefined, epsilon: number): Value {
  checkVector(scale, x.shape.at(-1)!, 'scale');
  checkVector(bias, x.shape.at(-1)!, 'bias');
  return single('LayerNormalization', [x, scale, bias], { axis: { int: -1 }, epsilon }, x.shape);
}

/** `sqrt(mean(x^2))` over the last axis [..., 1], at least `epsilon`. */
export function rootMeanSquare(x: Value, epsilon: number): Value {
  const norm = single('ReduceL2', [x, [-1]], { keepdims: { int: 1 } }, x.shape.with(-1, 1));
  const size = div(norm, Math.sqrt(lastDim(x)));
  return single('Max', [size, x.graph.constant(epsilon)], {}, size.shape);
}

/** `x / max(||x||, epsilon)` over the last axis. */
export function l2Norm(x: Value, epsilon: number): Value {
  const norm = single('ReduceL2', [x, [-1]], { keepdims: { int: 1 } }, x.shape.with(-1, 1));
  return div(x, single('Max', [norm, x.graph.constant(epsilon)], {}, norm.shape));
}

/**
 * Multi-head attention without mask: `softmax(q k^T * scale) v` in each head (ONNX Runtime's fused kernel).
 * q [batch, n, heads*d], k [batch, m, heads*d], v [batch, m, heads*d]; result [batch, n, heads*d].
 */
export function multiHeadAttention(q: Value, k: Value, v: Value, heads: number, scale: number): Value {
  const fits =
    [q, k, v].every((x) => x.shape.length === 3 && x.shape[0] === q.shape[0] && lastDim(x) % heads === 0) &&
    q.shape[2] === k.shape[2] &&
    k.shape[1] === v.shape[1];
  check(fits, `cannot attend in ${heads} heads with q [${q.shape}], k [${k.shape}], v [${v.shape}]`);
  const attributes = { num_heads: { int: heads }, scale };
  return single('com.microsoft::MultiHeadAttention', [q, k, v], attributes, [q.shape[0]!, q.shape[1]!, v.shape[2]!]);
}

function binary(op: string, a: Operand, b: Operand): Value {
  const { graph } = (typeof a === 'number' ? b : a) as Value;
  const [x, y] = [a, b].map((operand) => (typeof operand === 'number' ? graph.constant(operand) : operand)) as [
    Value,
    Value,
  ];
  return single(op, [x, y], {}, broadcast(x.shape, y.shape));
}
