import { weightValues } from '@retone/checkpoint';
import { lastDim, ops, type Value } from '@retone/graph';
import type { Scope } from './backend.ts';
import { exactLinear } from './exact.ts';
import type { Precision } from './precision.ts';

// Layers in 8 bits. Those that run every step are computed in integers, with one step size per output for the weights and
// one per run for what they are applied to; what differs in size is made even before: inputs between channels
// (SmoothQuant: Xiao et al., 2023) and between rows. Those that run once a generation only store their weights in 8 bits.

/** Treatment of a kind of layer in 8 bits. Layers of no kind here stay in float32. */
interface LayerKind {
  name: RegExp;
  /** Computed in integers, of rows of similar size (out of a norm) or not; or only stored in bytes. */
  form: 'integers' | 'integers, uneven rows' | 'stored';
  /** The tiers that do this. */
  precisions: readonly Precision[];
}

const layerKinds: readonly LayerKind[] = [
  { name: /\.(to_qkv|to_q|ff\.ff\.0\.proj)$/, form: 'integers', precisions: ['balanced', 'fast'] },
  { name: /\.to_out$/, form: 'integers, uneven rows', precisions: ['balanced', 'fast'] },
  // Its inputs have the heaviest tails: most of the error comes from here.
  { name: /\.ff\.ff\.2$/, form: 'integers, uneven rows', precisions: ['fast'] },
  { name: /\.(to_kv|to_local_embed\.\d|[qkvo]_proj|(gate|up|down)_proj)$/, form: 'stored', precisions: ['fast'] },
];

/** How much of the difference between channels moves from the inputs to the weights. */
const migration = 0.5;
/** Inputs that share a scale where weights are only stored in bytes. */
const blockSize = 32;

/** The largest absolute input of each channel that was seen, by the layer's name; from a calibration. */
export type InputPeaks = ReadonlyMap<string, Float32Array>;

const kindOf = (scope: Scope) => layerKinds.find(({ name }) => name.test(scope.prefix));

/** Whether a precision wants the layer at a place in fewer bits than 32. */
export function isReduced(scope: Scope, precision: Precision): boolean {
  return kindOf(scope)?.precisions.includes(precision) ?? false;
}

/** Whether a precision only stores some layers in 8 bits. */
export function holdsStored(precision: Precision): boolean {
  return layerKinds.some(({ form, precisions }) => form === 'stored' && precisions.includes(precision));
}

/** A layer in 8 bits where the precision wants that of its kind, else in float32. */
export function quantisedLinear(
  scope: Scope,
  x: Value,
  out: number,
  parts: number,
  options: { precision: Precision; peaks: InputPeaks },
): Value[] {
  const { precision, peaks } = options;
  const kind = kindOf(scope);
  if (!kind?.precisions.includes(precision)) return exactLinear(scope, x, out, parts);
  const inner = lastDim(x);
  const weight = weightValues(scope.weights.get(scope.path('weight'), [out, inner]));
  // Building continues without a missing weight, so that everything missing is reported together.
  if (weight.length === 0) return exactLinear(scope, x, out, parts);
  const bias = scope.weights.optional(scope.path('bias'), [out]);
  const biases = bias && weightValues(bias);
  // Parts are products of their own: to cut one large result costs more than it saves.
  const width = out / parts;
  const each = (product: (weight: Float32Array, bias: Value | undefined) => Value) =>
    Array.from({ length: parts }, (_, i) => {
      const part = biases && scope.graph.constant(biases.slice(i * width, (i + 1) * width), [width]);
      return product(weight.subarray(i * width * inner, (i + 1) * width * inner), part);
    });

  if (kind.form === 'stored') {
    if (inner % blockSize !== 0) return exactLinear(scope, x, out, parts);
    return each((rows, bias) => ops.blockQuantisedLinear(x, storedMatrix(scope, rows, width, inner), bias));
  }
  const layerPeaks = peaks.get(scope.prefix);
  if (!layerPeaks) return exactLinear(scope, x, out, parts);
  const smoothing = smoothingFactors(weight, layerPeaks);
  const divisors = scope.graph.constant(
    smoothing.map((factor) => 1 / factor),
    [inner],
  );
  if (kind.form === 'integers') {
    const even = ops.mul(x, divisors);
    return each((rows, bias) => ops.quantisedLinear(even, integerMatrix(scope, rows, smoothing, width), bias));
  }
  const { normed, factor } = ops.rmsNormed(x, divisors);
  return each((rows, bias) => {
    const y = ops.div(ops.quantisedLinear(normed, integerMatrix(scope, rows, smoothing, width)), factor);
    return bias ? ops.add(y, bias) : y;
  });
}

/** A layer in float32 that also puts out the peaks of its input, as {@link quantisedLinear} wants them. */
export function observedLinear(scope: Scope, x: Value, out: number, parts: number): Value[] {
  const kind = kindOf(scope);
  if (kind && kind.form !== 'stored') {
    const inner = lastDim(x);
    const ones = () => scope.graph.constant(new Float32Array(inner).fill(1), [inner]);
    const input = kind.form === 'integers' ? x : ops.rmsNormed(x, ones()).normed;
    scope.graph.output(`${peaksMark}${scope.prefix}`, ops.channelPeaks(input));
  }
  return exactLinear(scope, x, out, parts);
}

const peaksMark = 'input peaks of ';

/** The layer whose peaks an output holds, or undefined for other outputs. */
export function layerOfPeaks(output: string): string | undefined {
  return output.startsWith(peaksMark) ? output.slice(peaksMark.length) : undefined;
}

/** The divisor of each input channel, by which the weights' columns multiplied with: both then have similar peaks. */
function smoothingFactors(weight: Float32Array, inputPeaks: Float32Array): Float32Array {
  const inner = inputPeaks.length;
  const weightPeaks = new Float32Array(inner);
  for (let i = 0; i < weight.length; i += inner) {
    for (let j = 0; j < inner; j++) weightPeaks[j] = Math.max(weightPeaks[j]!, Math.abs(weight[i + j]!));
  }
  return inputPeaks.map((peak, j) => {
    const factor = Math.max(peak, 1e-5) ** migration / Math.max(weightPeaks[j]!, 1e-5) ** (1 - migration);
    return Math.min(Math.max(factor, 1e-4), 1e4);
  });
}

/** weight [out, in], each input times its factor, as int8 [in, out] with one scale per output. */
function integerMatrix(scope: Scope, weight: Float32Array, factors: Float32Array, out: number): ops.QuantisedMatrix {
  const inner = factors.length;
  const values = new Int8Array(weight.length);
  const scale = new Float32Array(out);
  for (let o = 0; o < out; o++) {
    const row = weight.subarray(o * inner, (o + 1) * inner);
    let peak = 1e-20;
    for (let i = 0; i < inner; i++) peak = Math.max(peak, Math.abs(row[i]! * factors[i]!));
    scale[o] = peak / 127;
    const steps = 127 / peak;
    for (let i = 0; i < inner; i++) values[i * out + o] = Math.round(row[i]! * factors[i]! * steps);
  }
  return { values: scope.graph.byteConstant(values, [inner, out]), scale: scope.graph.constant(scale, [out]) };
}

/** weight [out, in] as bytes, 128 for 0, with one scale per output and block of inputs. */
function storedMatrix(scope: Scope, weight: Float32Array, out: number, inner: number): ops.BlockQuantisedMatrix {
  const values = new Uint8Array(weight.length);
  const scale = new Float32Array(weight.length / blockSize);
  for (let block = 0; block < scale.length; block++) {
    const start = block * blockSize;
    let peak = 1e-20;
    for (let i = start; i < start + blockSize; i++) peak = Math.max(peak, Math.abs(weight[i]!));
    scale[block] = peak / 127;
    for (let i = start; i < start + blockSize; i++) values[i] = 128 + Math.round((weight[i]! * 127) / peak);
  }
  return {
    values: scope.graph.byteConstant(values, [out, inner / blockSize, blockSize]),
    scale: scope.graph.constant(scale, [scale.length]),
  };
}
