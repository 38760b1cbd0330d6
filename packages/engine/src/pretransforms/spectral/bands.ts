import type { SpectralConfig } from '@retone/checkpoint';
import { Stft } from '../stft.ts';

/** Highest log magnitude that is decoded: a little above a full-scale sine's, which is 0. */
export const maxLogMagnitude = 0.3;
/** How far beyond the centre of the highest band its level is held, in bands. */
const heldBands = 4;

/** A frequency axis over the bins of one spectrogram, and the bands on it (training/model/bands.py). */
export class Bands {
  readonly stft: Stft;
  /** Number of the lowest band, and how many there are. */
  readonly first: number;
  readonly count: number;
  /** Hertz of every bin, and of every band's centre. */
  readonly frequencies: Float64Array;
  readonly centres: Float64Array;
  /** Width of every band in bins. */
  readonly binsPerBand: Float64Array;
  /** The first and last bin that bands describe. */
  readonly firstBin: number;
  readonly lastBin: number;
  /** Per bin: the band below it (counted from `first`), and how far it is from there to the next, 0 to 1. */
  readonly below: Int32Array;
  readonly part: Float64Array;
  /** Per band: the lowest bin that it averages, and the weights from there on, which sum to 1. */
  readonly #members: { start: number; weights: Float64Array }[];
  readonly #q: number | undefined;

  /**
   * @param stft of which the bins are
   * @param sampleRate in hertz
   * @param range numbers of the lowest and highest band
   * @param q of the warped axis, on which bin k is at `q asinh(k/q)`; absent: bin k is at k
   */
  constructor(stft: Stft, sampleRate: number, [first, last]: [number, number], q?: number) {
    this.stft = stft;
    this.first = first;
    this.count = last - first + 1;
    this.#q = q;
    const { bins } = stft;
    const spacing = sampleRate / stft.size;
    const position = Float64Array.from({ length: bins }, (_, bin) => warpedPosition(bin, q));
    const bands = Float64Array.from({ length: this.count }, (_, i) => first + i);
    this.frequencies = Float64Array.from({ length: bins }, (_, bin) => bin * spacing);
    this.centres = bands.map((band) => this.binOf(band) * spacing);
    this.binsPerBand = bands.map((band) => (q === undefined ? 1 : Math.cosh(band / q)));
    this.firstBin = position.findIndex((at) => at >= first);
    this.lastBin = position.findLastIndex((at) => at <= last + heldBands);
    const inner = position.map((at) => Math.min(Math.max(at - first, 0), this.count - 1));
    this.below = Int32Array.from(inner, (at) => Math.min(Math.floor(at), this.count - 2));
    this.part = inner.map((at, bin) => at - this.below[bin]!);
    this.#members = Array.from(bands, (band) => {
      const start = position.findIndex((at) => at > band - 1);
      const weights = position.slice(start).map((at) => Math.max(0, 1 - Math.abs(at - band)));
      const end = weights.findLastIndex((weight) => weight > 0) + 1;
      const sum = weights.reduce((total, weight) => total + weight, 0);
      return { start, weights: weights.slice(0, end).map((weight) => weight / sum) };
    });
  }

  /** The bin (a fraction) at a position on the axis of bands. */
  binOf(position: number): number {
    return this.#q === undefined ? position : this.#q * Math.sinh(position / this.#q);
  }

  /** Writes the log magnitudes of a power spectrum [bins] to `into` from `offset` on. */
  analyse(power: Float64Array, floor: number, into: Float64Array, offset: number): void {
    for (let band = 0; band < this.count; band++) {
      const { start, weights } = this.#members[band]!;
      let mean = 0;
      for (let i = 0; i < weights.length; i++) mean += weights[i]! * power[start + i]!;
      into[offset + band] = Math.log(Math.sqrt(mean) + floor);
    }
  }

  /** Magnitude of a bin between `firstBin` and `lastBin`, from log magnitudes that begin at `offset`. */
  magnitude(logs: ArrayLike<number>, offset: number, bin: number, floor: number): number {
    const at = offset + this.below[bin]!;
    const part = this.part[bin]!;
    const log = logs[at]! * (1 - part) + logs[at + 1]! * part;
    return Math.max(Math.exp(Math.min(log, maxLogMagnitude)) - floor, 0);
  }
}

function warpedPosition(bin: number, q: number | undefined): number {
  return q === undefined ? bin : q * Math.asinh(bin / q);
}

/** The spectrograms of a configuration: the main one, and the one of the longer window for low frequencies, if there is one. */
export function layersOf(config: SpectralConfig, sampleRate: number): { main: Bands; low: Bands | undefined } {
  const { fft_size: size, hop_length: hop, low_fft_size: lowSize, crossover } = config;
  const q = config.bins_per_octave / Math.LN2;
  const spacing = sampleRate / size;
  const last = Math.floor(warpedPosition(config.max_frequency / spacing, q));
  const stft = new Stft(size, hop);
  if (!lowSize || !crossover) return { main: new Bands(stft, sampleRate, [0, last], q), low: undefined };
  // Two bins beyond the crossover on either side: half the main lobe of the Hann window.
  const highest = Math.ceil((crossover[1] * lowSize) / sampleRate) + 2;
  const lowest = Math.floor(warpedPosition(Math.floor(crossover[0] / spacing) - 2, q));
  return {
    main: new Bands(stft, sampleRate, [lowest, last], q),
    low: new Bands(new Stft(lowSize, hop), sampleRate, [0, highest]),
  };
}
