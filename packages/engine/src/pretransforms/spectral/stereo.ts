import { ramp } from './shares.ts';

/** The first zero of the Bessel function J0: exp(i depth sin(...)) then has mean 0 over the bins, and so decorrelates. */
const decorrelationDepth = 2.404825557695773;
/** No channel plays out of phase with the other. */
const widest = Math.PI / 4;
/** Everything below the first frequency in hertz is mono; above the second it is as wide as it was. */
const [monoBelow, wideAbove] = [120, 200];

/** Factors with which middle and side make the left and the right channel, per bin. */
export interface StereoGains {
  leftMiddle: Float64Array;
  leftSide: Float64Array;
  rightMiddle: Float64Array;
  rightSide: Float64Array;
}

/** Spreads one spectrum over two channels. */
export class Stereo {
  readonly gains: StereoGains;
  /** Turn of the phase that makes the side of a partial from its middle, per bin. */
  readonly turnReal: Float64Array;
  readonly turnImaginary: Float64Array;
  readonly #band: Uint8Array;
  readonly #depth: Float64Array;
  readonly #level: Float64Array;

  /**
   * @param frequencies of the bins in hertz
   * @param edges of the stereo bands in hertz
   * @param turnBins how many bins the decorrelator's turn takes to repeat
   * @param level of every bin in the sound
   */
  constructor(frequencies: Float64Array, edges: readonly number[], turnBins: number, level: Float64Array) {
    const zeros = () => new Float64Array(frequencies.length);
    this.gains = { leftMiddle: zeros(), leftSide: zeros(), rightMiddle: zeros(), rightSide: zeros() };
    const turn = frequencies.map((_, bin) => decorrelationDepth * Math.sin((2 * Math.PI * bin) / turnBins));
    this.turnReal = turn.map(Math.cos);
    this.turnImaginary = turn.map(Math.sin);
    this.#band = Uint8Array.from(frequencies, (frequency) => edges.findLastIndex((edge) => edge <= frequency));
    this.#depth = frequencies.map((frequency) => ramp(frequency, monoBelow, wideAbove));
    this.#level = level;
  }

  /** Sets the gains by balance and width of every stereo band, which are in `values` from `offset` on. */
  set(values: ArrayLike<number>, offset: number, bands: number, bins: number): void {
    const { leftMiddle, leftSide, rightMiddle, rightSide } = this.gains;
    const last = { band: -1, depth: -1, left: 0, right: 0, middle: 0, side: 0 };
    for (let bin = 0; bin < bins; bin++) {
      const band = this.#band[bin]!;
      const depth = this.#depth[bin]!;
      if (band !== last.band || depth !== last.depth) {
        const balance = Math.tanh(depth * Math.min(Math.max(values[offset + band]!, -2.5), 2.5));
        const width = depth * Math.min(Math.max(values[offset + bands + band]!, 0), widest);
        last.band = band;
        last.depth = depth;
        last.left = Math.sqrt(1 + balance);
        last.right = Math.sqrt(1 - balance);
        last.middle = Math.cos(width);
        last.side = Math.sin(width);
      }
      const level = this.#level[bin]!;
      leftMiddle[bin] = level * last.left * last.middle;
      leftSide[bin] = level * last.left * last.side;
      rightMiddle[bin] = level * last.right * last.middle;
      rightSide[bin] = -level * last.right * last.side;
    }
  }
}
