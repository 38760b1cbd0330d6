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
  #weight = new Float64Array(0);

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

  /**
   * Spectra of a signal whose length is a multiple of the hop; one frame a hop.
   *
   * @param into spectra of as many frames to write to, instead of new ones
   */
  forward(signal: Float32Array, into?: Spectra): Spectra {
    const { size, bins } = this;
    const frames = signal.length / this.hop;
    const spectra = into ?? this.emptySpectra(frames);
    const { real, imaginary } = spectra;
    const z = this.#output;
    const half = 2 / size;
    // Two real frames make one complex transform: the first is its even part, the second its odd part.
    for (let frame = 0; frame < frames; frame += 2) {
      this.#load(signal, frame, 0);
      this.#load(signal, frame + 1, 1);
      this.#fft.transform(z, this.#input);
      const pair = frame + 1 < frames;
      const [first, second] = [frame * bins, (frame + 1) * bins];
      for (let k = 0; k < bins; k++) {
        const mirrored = k === 0 ? 0 : size - k;
        const a = z[2 * k]!;
        const b = z[2 * k + 1]!;
        const c = z[2 * mirrored]!;
        const d = z[2 * mirrored + 1]!;
        real[first + k] = half * (a + c);
        imaginary[first + k] = half * (b - d);
        if (!pair) continue;
        real[second + k] = half * (b + d);
        imaginary[second + k] = half * (c - a);
      }
    }
    return spectra;
  }

  /** The signal whose spectra are nearest to the given ones: windowed overlap-add, divided by the overlapped squared window. */
  inverse(spectra: Spectra): Float32Array {
    const { frames } = spectra;
    const samples = frames * this.hop;
    const total = new Float64Array(samples);
    for (let frame = 0; frame < frames; frame += 2) {
      this.#pack(spectra, frame);
      this.#fft.inverseTransform(this.#output, this.#input);
      this.#overlap(frame, 0, total);
      if (frame + 1 < frames) this.#overlap(frame + 1, 1, total);
    }
    const weight = this.#overlappedWindow(frames);
    const signal = new Float32Array(samples);
    for (let i = 0; i < samples; i++) signal[i] = total[i]! / weight[i]!;
    return signal;
  }

  /** The sum of the squared windows of so many frames, kept from being 0; the last one made is remembered. */
  #overlappedWindow(frames: number): Float64Array {
    const samples = frames * this.hop;
    if (this.#weight.length === samples) return this.#weight;
    const weight = new Float64Array(samples);
    for (let frame = 0; frame < frames; frame++) {
      const start = this.#start(frame);
      for (let n = Math.max(0, -start); n < Math.min(this.size, samples - start); n++)
        weight[start + n]! += this.#window[n]! ** 2;
    }
    this.#weight = weight.map((value) => Math.max(value, 1e-3));
    return this.#weight;
  }

  /** First sample of a frame; frames reach beyond the ends of the signal, where there are zeros. */
  #start(frame: number): number {
    return frame * this.hop + this.hop / 2 - this.size / 2;
  }

  /** Windows a frame into the real (0) or imaginary (1) part of the transform's input. */
  #load(signal: Float32Array, frame: number, part: number): void {
    const window = this.#window;
    const input = this.#input;
    const start = this.#start(frame);
    const from = Math.min(Math.max(0, -start), this.size);
    const to = Math.max(Math.min(this.size, signal.length - start), from);
    for (let n = 0; n < from; n++) input[2 * n + part] = 0;
    for (let n = from; n < to; n++) input[2 * n + part] = window[n]! * signal[start + n]!;
    for (let n = to; n < this.size; n++) input[2 * n + part] = 0;
  }

  /** Makes the full complex spectrum of (frame) + i (frame + 1) from their halves. */
  #pack(spectra: Spectra, frame: number): void {
    const { real, imaginary, frames } = spectra;
    const { size, bins } = this;
    const z = this.#input;
    const first = frame * bins;
    const second = (frame + 1) * bins;
    const pair = frame + 1 < frames;
    for (let k = 0; k < bins; k++) {
      // The imaginary parts at 0 Hz and at the highest bin cannot belong to a real signal.
      const inner = k > 0 && k < bins - 1;
      const a = real[first + k]!;
      const b = inner ? imaginary[first + k]! : 0;
      const c = pair ? real[second + k]! : 0;
      const d = pair && inner ? imaginary[second + k]! : 0;
      z[2 * k] = a - d;
      z[2 * k + 1] = b + c;
      if (!inner) continue;
      z[2 * (size - k)] = a + d;
      z[2 * (size - k) + 1] = c - b;
    }
  }

  #overlap(frame: number, part: number, total: Float64Array): void {
    const window = this.#window;
    const output = this.#output;
    const start = this.#start(frame);
    const scale = this.size / 4;
    const to = Math.min(this.size, total.length - start);
    for (let n = Math.max(0, -start); n < to; n++) total[start + n]! += scale * window[n]! * output[2 * n + part]!;
  }
}
