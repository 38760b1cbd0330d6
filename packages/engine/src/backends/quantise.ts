import { weightRows, weightValues } from '@retone/checkpoint';
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
  const stored = scope.weights.get(scope.path('weight'), [out, inner]);
  const weight = weightValues(stored);
  // Building continues without a missing weight, so that everything missing is reported together.
  if (weight.length === 0) return exactLinear(scope, x, out, parts);
  const bias = scope.weights.optional(scope.path('bias'), [out]);
  const biases = bias && weightValues(bias);
  // Parts are products of their own: to cut one large result costs more than it saves.
  const width = out / parts;
  const each = (product: (rows: Rows, bias: Value | undefined) => Value) =>
    Array.from({ length: parts }, (_, i) => {
      const part = biases && scope.graph.constant(biases.slice(i * width, (i + 1) * width), [width]);
      const values = weight.subarray(i * width * inner, (i + 1) * width * inner);
      return product({ values, readAgain: () => weightRows(stored, i * width, width) }, part);
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

/** Rows of a weight [out, in]: their values, and how to get them again when the graph is written. */
interface Rows {
  values: Float32Array;
  readAgain: () => Float32Array;
}

/** Rows of a weight, each input times its factor, as int8 [in, out] with one scale per output. */
function integerMatrix(scope: Scope, rows: Rows, factors: Float32Array, out: number): ops.QuantisedMatrix {
  const inner = factors.length;
  const peaks = new Float64Array(out);
  for (let o = 0; o < out; o++) {
    let peak = 1e-20;
    for (let i = 0; i < inner; i++) peak = Math.max(peak, Math.abs(rows.values[o * inner + i]! * factors[i]!));
    peaks[o] = peak;
  }
  const make = () => {
    const weight = rows.readAgain();
    const values = new Int8Array(weight.length);
    for (let o = 0; o < out; o++) {
      const steps = 127 / peaks[o]!;
      for (let i = 0; i < inner; i++) values[i * out + o] = Math.round(weight[o * inner + i]! * factors[i]! * steps);
    }
    return values;
  };
  const scale = Float32Array.from(peaks, (peak) => peak / 127);
  return { values: scope.graph.byteConstant('int8', [inner, out], make), scale: scope.graph.constant(scale, [out]) };
}

/** Rows of a weight as bytes, 128 for 0, with one scale per output and block of inputs. */
function storedMatrix(scope: Scope, rows: Rows, out: number, inner: number): ops.BlockQuantisedMatrix {
  const peaks = new Float64Array(rows.values.length / blockSize).fill(1e-20);
  for (const [i, value] of rows.values.entries()) {
    const block = Math.floor(i / blockSize);
    peaks[block] = Math.max(peaks[block]!, Math.abs(value));
  }
  const make = () =>
    Uint8Array.from(
      rows.readAgain(),
      (value, i) => 128 + Math.round((value * 127) / peaks[Math.floor(i / blockSize)]!),
    );
  return {
    values: scope.graph.byteConstant('uint8', [out, inner / blockSize, blockSize], make),
    scale: scope.graph.constant(
      Float32Array.from(peaks, (peak) => peak / 127),
      [peaks.length],
    ),
  };
}
