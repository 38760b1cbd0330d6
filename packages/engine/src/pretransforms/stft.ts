import FFT from 'fft.js';

/** Complex spectra [bins] of one frame of two signals. */
export interface PairSpectra {
  readonly firstReal: Float64Array;
  readonly firstImaginary: Float64Array;
  readonly secondReal: Float64Array;
  readonly secondImaginary: Float64Array;
}

export function pairSpectra(bins: number): PairSpectra {
  const zeros = () => new Float64Array(bins);
  return { firstReal: zeros(), firstImaginary: zeros(), secondReal: zeros(), secondImaginary: zeros() };
}

/**
 * The short-time Fourier transform with a periodic Hann window, and its inverse. Frame j is centred on the middle of the
 * j-th hop. Scaled so that a sine of amplitude 1 has magnitude 1.
 */
export class Stft {
  readonly size: number;
  readonly hop: number;
  readonly bins: number;
  readonly window: Float64Array;
  readonly #fft: FFT;
  readonly #input: Float64Array;
  readonly #output: Float64Array;
  #weight = new Float64Array(0);

  /**
   * @param size samples of a frame, a power of two
   * @param hop samples between frames; divides `size`
   */
  constructor(size: number, hop: number) {
    this.size = size;
    this.hop = hop;
    this.bins = size / 2 + 1;
    this.window = Float64Array.from({ length: size }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size));
    this.#fft = new FFT(size);
    this.#input = new Float64Array(2 * size);
    this.#output = new Float64Array(2 * size);
  }

  /** Spectra of one frame of two signals of equal length, by one complex transform: the first is its even part, the second its odd part. */
  forwardPair(first: Float32Array, second: Float32Array, frame: number, into: PairSpectra): void {
    const { size, bins } = this;
    const z = this.#output;
    const half = 2 / size;
    this.#load(first, frame, 0);
    this.#load(second, frame, 1);
    this.#fft.transform(z, this.#input);
    for (let k = 0; k < bins; k++) {
      const mirrored = k === 0 ? 0 : size - k;
      const a = z[2 * k]!;
      const b = z[2 * k + 1]!;
      const c = z[2 * mirrored]!;
      const d = z[2 * mirrored + 1]!;
      into.firstReal[k] = half * (a + c);
      into.firstImaginary[k] = half * (b - d);
      into.secondReal[k] = half * (b + d);
      into.secondImaginary[k] = half * (c - a);
    }
  }

  /**
   * Adds one frame of two signals to them, windowed; `overlapped` says what to divide the sums by.
   *
   * @param totals of samples, from the first frame's hop on
   */
  inversePair(pair: PairSpectra, frame: number, totals: readonly [Float64Array, Float64Array]): void {
    this.#inverseTransformPair(pair);
    this.#overlap(frame, 0, totals[0]);
    this.#overlap(frame, 1, totals[1]);
  }

  /** Makes two real frames, not windowed yet, by one complex transform. */
  #inverseTransformPair(pair: PairSpectra): void {
    const { size, bins } = this;
    const { firstReal, firstImaginary, secondReal, secondImaginary } = pair;
    const z = this.#input;
    for (let k = 0; k < bins; k++) {
      // The imaginary parts at 0 Hz and at the highest bin cannot belong to a real signal.
      const inner = k > 0 && k < bins - 1;
      const a = firstReal[k]!;
      const b = inner ? firstImaginary[k]! : 0;
      const c = secondReal[k]!;
      const d = inner ? secondImaginary[k]! : 0;
      z[2 * k] = a - d;
      z[2 * k + 1] = b + c;
      if (!inner) continue;
      z[2 * (size - k)] = a + d;
      z[2 * (size - k) + 1] = c - b;
    }
    this.#fft.inverseTransform(this.#output, z);
  }

  /** The sum of the squared windows of so many frames [samples], kept from being 0; the last one made is remembered. */
  overlapped(frames: number): Float64Array {
    const samples = frames * this.hop;
    if (this.#weight.length === samples) return this.#weight;
    const weight = new Float64Array(samples);
    // Away from the ends every hop is like the one before it.
    const edge = this.size / this.hop;
    for (let frame = 0; frame < frames; frame++) {
      if (frame > 2 * edge && frame < frames - 2 * edge) continue;
      const start = this.#start(frame);
      const to = Math.min(this.size, samples - start);
      for (let n = Math.max(0, -start); n < to; n++) weight[start + n]! += this.window[n]! * this.window[n]!;
    }
    for (let hop = edge + 1; hop < frames - edge; hop++)
      weight.copyWithin(hop * this.hop, edge * this.hop, (edge + 1) * this.hop);
    for (let i = 0; i < samples; i++) weight[i] = Math.max(weight[i]!, 1e-3);
    this.#weight = weight;
    return weight;
  }

  /** First sample of a frame; frames reach beyond the ends of the signal, where there are zeros. */
  #start(frame: number): number {
    return frame * this.hop + this.hop / 2 - this.size / 2;
  }

  /** Windows a frame into the real (0) or imaginary (1) part of the transform's input. */
  #load(signal: Float32Array, frame: number, part: number): void {
    const window = this.window;
    const input = this.#input;
    const start = this.#start(frame);
    const from = Math.min(Math.max(0, -start), this.size);
    const to = Math.max(Math.min(this.size, signal.length - start), from);
    for (let n = 0; n < from; n++) input[2 * n + part] = 0;
    for (let n = from; n < to; n++) input[2 * n + part] = window[n]! * signal[start + n]!;
    for (let n = to; n < this.size; n++) input[2 * n + part] = 0;
  }

  #overlap(frame: number, part: number, total: Float64Array): void {
    const window = this.window;
    const output = this.#output;
    const start = this.#start(frame);
    const scale = this.size / 4;
    const to = Math.min(this.size, total.length - start);
    for (let n = Math.max(0, -start); n < to; n++) total[start + n]! += scale * window[n]! * output[2 * n + part]!;
  }
}

/** Two signals that grow out of the spectra of their frames. */
export class OverlapAdd {
  readonly #stft: Stft;
  readonly #frames: number;
  readonly #totals: [Float64Array, Float64Array];

  constructor(stft: Stft, frames: number) {
    this.#stft = stft;
    this.#frames = frames;
    this.#totals = [new Float64Array(frames * stft.hop), new Float64Array(frames * stft.hop)];
  }

  add(pair: PairSpectra, frame: number): void {
    this.#stft.inversePair(pair, frame, this.#totals);
  }

  /** Adds the signals to data [2, samples]. */
  addTo(data: Float32Array): void {
    const weight = this.#stft.overlapped(this.#frames);
    const samples = weight.length;
    for (const [channel, total] of this.#totals.entries())
      for (let i = 0; i < samples; i++) data[channel * samples + i]! += total[i]! / weight[i]!;
  }
}
