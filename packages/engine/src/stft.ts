import FFT from 'fft.js';

/** Complex spectra [frames, bins], row-major. */
export interface Spectra {
  readonly real: Float32Array;
  readonly imaginary: Float32Array;
  readonly frames: number;
}

/**
 * The short-time Fourier transform with a periodic Hann window, and its inverse. Frame j is centred on the middle of the
 * j-th hop. Scaled so that a sine of amplitude 1 has magnitude 1.
 */
export class Stft {
  readonly size: number;
  readonly hop: number;
  readonly bins: number;
  readonly #window: Float64Array;
  readonly #fft: FFT;
  readonly #input: Float64Array;
  readonly #output: Float64Array;

  /**
   * @param size samples of a frame, a power of two
   * @param hop samples between frames; divides `size`
   */
  constructor(size: number, hop: number) {
    this.size = size;
    this.hop = hop;
    this.bins = size / 2 + 1;
    this.#window = Float64Array.from({ length: size }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size));
    this.#fft = new FFT(size);
    this.#input = new Float64Array(2 * size);
    this.#output = new Float64Array(2 * size);
  }

  emptySpectra(frames: number): Spectra {
    const length = frames * this.bins;
    return { real: new Float32Array(length), imaginary: new Float32Array(length), frames };
  }

  /** Spectra of a signal whose length is a multiple of the hop; one frame a hop. */
  forward(signal: Float32Array): Spectra {
    const frames = signal.length / this.hop;
    const spectra = this.emptySpectra(frames);
    const scale = 4 / this.size;
    // Two real frames make one complex transform: the first is its even part, the second its odd part.
    for (let frame = 0; frame < frames; frame += 2) {
      this.#load(signal, frame, 0);
      this.#load(signal, frame + 1, 1);
      this.#fft.transform(this.#output, this.#input);
      const z = this.#output;
      const [first, second] = [frame * this.bins, (frame + 1) * this.bins];
      for (let k = 0; k < this.bins; k++) {
        const mirrored = k === 0 ? 0 : this.size - k;
        const [a, b] = [z[2 * k]!, z[2 * k + 1]!];
        const [c, d] = [z[2 * mirrored]!, z[2 * mirrored + 1]!];
        spectra.real[first + k] = (scale * (a + c)) / 2;
        spectra.imaginary[first + k] = (scale * (b - d)) / 2;
        if (frame + 1 === frames) continue;
        spectra.real[second + k] = (scale * (b + d)) / 2;
        spectra.imaginary[second + k] = (scale * (c - a)) / 2;
      }
    }
    return spectra;
  }

  /** The signal whose spectra are nearest to the given ones: windowed overlap-add, divided by the overlapped squared window. */
  inverse(spectra: Spectra): Float32Array {
    const { frames } = spectra;
    const samples = frames * this.hop;
    const total = new Float64Array(samples);
    const weight = new Float64Array(samples);
    for (let frame = 0; frame < frames; frame += 2) {
      this.#pack(spectra, frame);
      this.#fft.inverseTransform(this.#output, this.#input);
      this.#overlap(frame, 0, total, weight);
      if (frame + 1 < frames) this.#overlap(frame + 1, 1, total, weight);
    }
    return Float32Array.from(total, (value, i) => value / Math.max(weight[i]!, 1e-3));
  }

  /** First sample of a frame; frames reach beyond the ends of the signal, where there are zeros. */
  #start(frame: number): number {
    return frame * this.hop + this.hop / 2 - this.size / 2;
  }

  /** Windows a frame into the real (0) or imaginary (1) part of the transform's input. */
  #load(signal: Float32Array, frame: number, part: number): void {
    const start = this.#start(frame);
    for (let n = 0; n < this.size; n++) this.#input[2 * n + part] = this.#window[n]! * (signal[start + n] ?? 0);
  }

  /** Makes the full complex spectrum of (frame) + i (frame + 1) from their halves. */
  #pack(spectra: Spectra, frame: number): void {
    const { real, imaginary, frames } = spectra;
    const z = this.#input;
    const [first, second] = [frame * this.bins, (frame + 1) * this.bins];
    const pair = frame + 1 < frames;
    for (let k = 0; k < this.bins; k++) {
      // The imaginary parts at 0 Hz and at the highest bin cannot belong to a real signal.
      const inner = k > 0 && k < this.bins - 1;
      const [a, b] = [real[first + k]!, inner ? imaginary[first + k]! : 0];
      const [c, d] = pair ? [real[second + k]!, inner ? imaginary[second + k]! : 0] : [0, 0];
      z[2 * k] = a - d;
      z[2 * k + 1] = b + c;
      if (!inner) continue;
      z[2 * (this.size - k)] = a + d;
      z[2 * (this.size - k) + 1] = c - b;
    }
  }

  #overlap(frame: number, part: number, total: Float64Array, weight: Float64Array): void {
    const start = this.#start(frame);
    const scale = this.size / 4;
    for (let n = Math.max(0, -start); n < Math.min(this.size, total.length - start); n++) {
      const window = this.#window[n]!;
      total[start + n]! += scale * window * this.#output[2 * n + part]!;
      weight[start + n]! += window * window;
    }
  }
}
