import { weightValues } from '@retone/checkpoint';
import { ops, type Value } from '@retone/graph';
import { exactLinear } from './backend.ts';
import type { Scope } from './scope.ts';

// Layers in 8-bit integers: one step size per output for the weights, one per run for what they are applied to. Before
// that, what differs in size is made even: inputs between channels (SmoothQuant: Xiao et al., 2023), and between rows.

/** A kind of layer that may be computed in 8 bits. All others are small, or run once, and stay in float32. */
interface LayerKind {
  name: RegExp;
  /** Whether rows of its input differ much in size. Rows that come out of a norm do not. */
  unevenRows: boolean;
  /** Whether it loses the most: its inputs have the heaviest tails. */
  sensitive: boolean;
}

const layerKinds: readonly LayerKind[] = [
  { name: /\.(to_qkv|to_q|ff\.ff\.0\.proj)$/, unevenRows: false, sensitive: false },
  { name: /\.to_out$/, unevenRows: true, sensitive: false },
  { name: /\.ff\.ff\.2$/, unevenRows: true, sensitive: true },
];

/** How much of the difference between channels moves from the inputs to the weights. */
const migration = 0.5;

/** The largest absolute input of each channel that was seen, by the layer's name; from a calibration. */
export type InputPeaks = ReadonlyMap<string, Float32Array>;

const kindOf = (scope: Scope) => layerKinds.find(({ name }) => name.test(scope.prefix));

/** A layer in 8 bits, if it is of a kind for that (and not a sensitive one, when those are kept); else in float32. */
export function quantisedLinear(
  scope: Scope,
  x: Value,
  out: number,
  options: { keepSensitive: boolean; peaks: InputPeaks },
): Value {
  const kind = kindOf(scope);
  const peaks = options.peaks.get(scope.prefix);
  if (!kind || !peaks || (kind.sensitive && options.keepSensitive)) return exactLinear(scope, x, out);
  const inner = x.shape.at(-1) as number;
  const weight = weightValues(scope.weights.get(scope.path('weight'), [out, inner]));
  const { graph } = scope;
  // Building goes on without a missing weight, so that all that is missing can be told together.
  if (weight.length === 0) return exactLinear(scope, x, out);
  const smoothing = smoothingFactors(weight, peaks);
  const { values, scale } = quantised(weight, smoothing);
  const matrix = {
    values: graph.int8Constant(values, [inner, out]),
    scale: graph.constant(scale, [out]),
  };
  const divisors = graph.constant(
    smoothing.map((factor) => 1 / factor),
    [inner],
  );
  const bias = scope.optional('bias', [out]);
  if (!kind.unevenRows) return ops.quantisedLinear(ops.mul(x, divisors), matrix, bias);
  const { normed, factor } = ops.rmsNormed(x, divisors);
  const y = ops.div(ops.quantisedLinear(normed, matrix), factor);
  return bias ? ops.add(y, bias) : y;
}

/** A layer in float32 that also puts out the peaks of its input (output `<layer>`), as {@link quantisedLinear} wants them. */
export function observedLinear(scope: Scope, x: Value, out: number): Value {
  const kind = kindOf(scope);
  if (kind) {
    const inner = x.shape.at(-1) as number;
    const ones = () => scope.graph.constant(new Float32Array(inner).fill(1), [inner]);
    const input = kind.unevenRows ? ops.rmsNormed(x, ones()).normed : x;
    scope.graph.output(peaksOutput(scope.prefix), ops.channelPeaks(input));
  }
  return exactLinear(scope, x, out);
}

const peaksMark = 'input peaks of ';
const peaksOutput = (layer: string) => `${peaksMark}${layer}`;

/** The layer whose peaks an output holds, or undefined for other outputs. */
export function layerOfPeaks(output: string): string | undefined {
  return output.startsWith(peaksMark) ? output.slice(peaksMark.length) : undefined;
}

/** What each channel of the input is divided by, and the weights' columns multiplied with: both then have similar peaks. */
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
function quantised(weight: Float32Array, smoothing: Float32Array): { values: Int8Array; scale: Float32Array } {
  const inner = smoothing.length;
  const out = weight.length / inner;
  const values = new Int8Array(weight.length);
  const scale = new Float32Array(out);
  for (let o = 0; o < out; o++) {
    let peak = 1e-20;
    for (let i = 0; i < inner; i++) peak = Math.max(peak, Math.abs(weight[o * inner + i]! * smoothing[i]!));
    scale[o] = peak / 127;
    for (let i = 0; i < inner; i++)
      values[i * out + o] = Math.round((weight[o * inner + i]! * smoothing[i]!) / scale[o]!);
  }
  return { values, scale };
}
