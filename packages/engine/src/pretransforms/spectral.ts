import type { SpectralConfig, Weights } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import { nextTurn } from './pieces.ts';
import type { Pretransform, PretransformRun } from './pretransform.ts';
import { type Spectra, Stft } from './stft.ts';

/** Highest log magnitude that is decoded: a little above a full-scale sine's, which is 0. */
const maxLogMagnitude = 0.3;
/** Keeps the logarithms and divisions of silence finite. */
const stereoFloor = 1e-9;
/** The first zero of the Bessel function J0: exp(i depth sin(...)) then has mean 0 over the bins, and so decorrelates. */
const decorrelationDepth = 2.404825557695773;

/**
 * The pretransform of Retone's built-in model: log magnitudes on a warped frequency axis and a few numbers for stereo,
 * through a linear map to latents. It keeps no phase; decoding makes one anew (single-pass spectrogram inversion:
 * Beauregard, Harish, Wyse 2015; then fast Griffin-Lim: Perraudin, Balazs, Sondergaard 2013). `docs/spectral.md` is its
 * description, `training/model/spectral.py` its twin.
 */
export class Spectral implements Pretransform {
  readonly latentChannels: number;
  readonly downsamplingRatio: number;
  readonly alignment = 1;
  readonly loudness: number | undefined;
  readonly #config: SpectralConfig;
  readonly #stft: Stft;
  /** Where each bin lies on the axis of bands. */
  readonly #position: Float64Array;
  readonly #bands: number;
  /** For each band, the bins that it averages and their weights. */
  readonly #members: { bin: number; weight: number }[][];
  readonly #stereoBand: Uint8Array;
  readonly #stereoBands: number;
  readonly #mean: Float32Array;
  readonly #analysis: Float32Array;
  readonly #synthesis: Float32Array;

  /**
   * @param prefix where the linear map's tensors are in the checkpoint
   * @throws CheckpointError when they are missing or have another shape than the configuration says
   */
  constructor(config: SpectralConfig, sampleRate: number, weights: Weights, prefix: string) {
    this.#config = config;
    this.latentChannels = config.latent_dim;
    this.downsamplingRatio = config.downsampling_ratio;
    this.loudness = config.loudness;
    this.#stft = new Stft(config.fft_size, config.hop_length);
    const { bins } = this.#stft;
    const spacing = sampleRate / config.fft_size;
    // Linear at the bottom, where the bins limit the resolution, and logarithmic above.
    const q = config.bins_per_octave / Math.LN2;
    this.#position = Float64Array.from({ length: bins }, (_, bin) => q * Math.asinh(bin / q));
    this.#bands = Math.floor(q * Math.asinh(config.max_frequency / (spacing * q))) + 1;
    this.#members = Array.from({ length: this.#bands }, (_, band) => this.#bandMembers(band));
    const edges = config.stereo_edges;
    this.#stereoBands = edges.length - 1;
    this.#stereoBand = Uint8Array.from({ length: bins }, (_, bin) =>
      edges.findLastIndex((edge) => edge <= bin * spacing),
    );
    const dimension = this.#dimension;
    this.#mean = weights.values(`${prefix}.mean`, [dimension]);
    this.#analysis = weights.values(`${prefix}.analysis`, [dimension, config.latent_dim]);
    this.#synthesis = weights.values(`${prefix}.synthesis`, [config.latent_dim, dimension]);
    weights.assertComplete();
  }

  async encode(audio: Tensor, run: PretransformRun = {}): Promise<Tensor> {
    const [, samples] = audio.shape as [number, number];
    const frames = Math.ceil(samples / this.downsamplingRatio);
    const channel = (c: number) => {
      const whole = new Float32Array(frames * this.downsamplingRatio);
      whole.set(audio.data.subarray(c * samples, (c + 1) * samples));
      return this.#stft.forward(whole);
    };
    const left = channel(0);
    await nextTurn();
    run.signal?.throwIfAborted();
    const right = channel(1);
    const latents = { data: new Float32Array(this.latentChannels * frames), shape: [this.latentChannels, frames] };
    for (let t = 0; t < frames; t++) {
      const features = this.#features(left, right, t);
      for (let k = 0; k < this.latentChannels; k++) {
        let sum = 0;
        for (let d = 0; d < features.length; d++)
          sum += (features[d]! - this.#mean[d]!) * this.#analysis[d * this.latentChannels + k]!;
        latents.data[k * frames + t] = sum;
      }
    }
    run.onProgress?.(1);
    return latents;
  }

  async decode(latents: Tensor, run: PretransformRun = {}): Promise<Tensor> {
    const features = this.decodeFeatures(latents);
    const magnitudes = this.magnitudes(features);
    const rounds = this.#config.phase_iterations;
    const spectra = this.#firstSpectra(magnitudes);
    let previous: Spectra | undefined;
    let spare: Spectra | undefined;
    for (let round = 0; round < rounds; round++) {
      await nextTurn();
      run.signal?.throwIfAborted();
      const consistent = this.#stft.forward(this.#stft.inverse(spectra), spare);
      this.#accelerate(spectra, magnitudes.data, consistent, previous);
      [spare, previous] = [previous, consistent];
      run.onProgress?.((round + 1) / (rounds + 1));
    }
    const audio = this.#stereo(features, spectra);
    run.onProgress?.(1);
    return audio;
  }

  async release(): Promise<void> {}

  /** latents [latent_dim, frames] to features [frames, dimension]. */
  decodeFeatures(latents: Tensor): Tensor {
    const [channels, frames] = latents.shape as [number, number];
    const dimension = this.#dimension;
    const features = { data: new Float32Array(frames * dimension), shape: [frames, dimension] };
    for (let t = 0; t < frames; t++) {
      const row = features.data.subarray(t * dimension, (t + 1) * dimension);
      row.set(this.#mean);
      for (let k = 0; k < channels; k++) {
        const value = latents.data[k * frames + t]!;
        for (let d = 0; d < dimension; d++) row[d]! += value * this.#synthesis[k * dimension + d]!;
      }
    }
    return features;
  }

  /** features [latent frames, dimension] to magnitudes [frames, bins]: bands interpolated in the log domain. */
  magnitudes(features: Tensor): Tensor {
    const { frames_per_latent: group, floor } = this.#config;
    const { bins } = this.#stft;
    const frames = features.shape[0]! * group;
    const magnitudes = { data: new Float32Array(frames * bins), shape: [frames, bins] };
    const limit = this.#bands + 3;
    for (let frame = 0; frame < frames; frame++) {
      const offset = Math.floor(frame / group) * this.#dimension + (frame % group) * this.#bands;
      for (let bin = 0; bin < bins; bin++) {
        const position = this.#position[bin]!;
        if (position > limit) break;
        const low = Math.min(Math.floor(position), this.#bands - 2);
        const part = Math.min(position - low, 1);
        const log = features.data[offset + low]! * (1 - part) + features.data[offset + low + 1]! * part;
        magnitudes.data[frame * bins + bin] = Math.max(Math.exp(Math.min(log, maxLogMagnitude)) - floor, 0);
      }
    }
    return magnitudes;
  }

  /** Numbers that describe one latent frame: its frames' bands, then balance and width of the stereo bands. */
  get #dimension(): number {
    return this.#config.frames_per_latent * this.#bands + 2 * this.#stereoBands;
  }

  /** Triangular weights around a band's place; a band's weights sum to 1. */
  #bandMembers(band: number): { bin: number; weight: number }[] {
    const near = [...this.#position.entries()].filter(([, position]) => Math.abs(position - band) < 1);
    const sum = near.reduce((total, [, position]) => total + 1 - Math.abs(position - band), 0);
    return near.map(([bin, position]) => ({ bin, weight: (1 - Math.abs(position - band)) / sum }));
  }

  #features(left: Spectra, right: Spectra, t: number): Float64Array {
    const { frames_per_latent: group, floor } = this.#config;
    const { bins } = this.#stft;
    const stereo = this.#stereoBands;
    const features = new Float64Array(this.#dimension);
    const energy = { left: new Float64Array(stereo), right: new Float64Array(stereo), cross: new Float64Array(stereo) };
    const power = new Float64Array(bins);
    for (let g = 0; g < group; g++) {
      const offset = (t * group + g) * bins;
      for (let bin = 0; bin < bins; bin++) {
        const [lr, li] = [left.real[offset + bin]!, left.imaginary[offset + bin]!];
        const [rr, ri] = [right.real[offset + bin]!, right.imaginary[offset + bin]!];
        const [l, r] = [lr * lr + li * li, rr * rr + ri * ri];
        power[bin] = (l + r) / 2;
        const band = this.#stereoBand[bin]!;
        energy.left[band]! += l;
        energy.right[band]! += r;
        energy.cross[band]! += lr * rr + li * ri;
      }
      for (let band = 0; band < this.#bands; band++) {
        let mean = 0;
        for (const { bin, weight } of this.#members[band]!) mean += weight * power[bin]!;
        features[g * this.#bands + band] = Math.log(Math.sqrt(mean) + floor);
      }
    }
    const balanceAt = group * this.#bands;
    for (let band = 0; band < stereo; band++) {
      const [l, r] = [energy.left[band]! + stereoFloor, energy.right[band]! + stereoFloor];
      const correlation = (energy.cross[band]! + stereoFloor) / Math.sqrt(l * r);
      features[balanceAt + band] = Math.min(Math.max(0.5 * Math.log(l / r), -2.5), 2.5);
      features[balanceAt + stereo + band] = 0.5 * Math.acos(Math.min(Math.max(correlation, -1), 1));
    }
    return features;
  }

  /**
   * Single-pass spectrogram inversion: every spectral peak's phase advances by its own interpolated frequency, and the
   * bins around it follow it, turned by pi from one to the next as a window centred in its frame makes them.
   */
  #firstSpectra(magnitudes: Tensor): Spectra {
    const [frames, bins] = magnitudes.shape as [number, number];
    const { size, hop } = this.#stft;
    const spectra = this.#stft.emptySpectra(frames);
    let phase = new Float64Array(bins);
    for (let frame = 0; frame < frames; frame++) {
      const m = magnitudes.data.subarray(frame * bins, (frame + 1) * bins);
      const peaks: number[] = [];
      for (let k = 1; k < bins - 1; k++) if (m[k]! > m[k - 1]! && m[k]! >= m[k + 1]!) peaks.push(k);
      const next = peaks.length ? new Float64Array(bins) : phase;
      peaks.forEach((peak, i) => {
        const [a, b, c] = [m[peak - 1]!, m[peak]!, m[peak + 1]!];
        const offset = Math.min(Math.max((0.5 * (a - c)) / Math.min(a - 2 * b + c, -1e-12), -0.5), 0.5);
        const advanced = phase[peak]! + (2 * Math.PI * hop * (peak + offset)) / size;
        // A bin half-way between two peaks belongs to the lower one.
        const from = i === 0 ? 0 : Math.floor((peaks[i - 1]! + peak) / 2) + 1;
        const to = i === peaks.length - 1 ? bins - 1 : Math.floor((peak + peaks[i + 1]!) / 2);
        for (let k = from; k <= to; k++) next[k] = (advanced + Math.PI * (k - peak)) % (2 * Math.PI);
      });
      for (let k = 0; k < bins; k++) {
        spectra.real[frame * bins + k] = m[k]! * Math.cos(next[k]!);
        spectra.imaginary[frame * bins + k] = m[k]! * Math.sin(next[k]!);
      }
      phase = next;
    }
    return spectra;
  }

  /** Gives spectra the given magnitudes and the phase of `consistent + momentum (consistent - previous)`. */
  #accelerate(
    { real, imaginary }: Spectra,
    magnitudes: Float32Array,
    { real: re1, imaginary: im1 }: Spectra,
    previous: Spectra | undefined,
  ): void {
    const momentum = previous ? this.#config.phase_momentum : 0;
    const { real: re0, imaginary: im0 } = previous ?? { real: re1, imaginary: im1 };
    for (let i = 0; i < magnitudes.length; i++) {
      const re = re1[i]! + momentum * (re1[i]! - re0[i]!);
      const im = im1[i]! + momentum * (im1[i]! - im0[i]!);
      const size = Math.sqrt(re * re + im * im);
      real[i] = size > 0 ? (magnitudes[i]! * re) / size : magnitudes[i]!;
      imaginary[i] = size > 0 ? (magnitudes[i]! * im) / size : 0;
    }
  }

  /** Spreads one spectrum over two channels by the balance and width of each band. */
  #stereo(features: Tensor, spectra: Spectra): Tensor {
    const { frames_per_latent: group } = this.#config;
    const { bins } = this.#stft;
    const balanceAt = group * this.#bands;
    const spread = Array.from({ length: bins }, (_, k) => decorrelationDepth * Math.sin((2 * Math.PI * k) / 16));
    const turn = { real: spread.map(Math.cos), imaginary: spread.map(Math.sin) };
    const samples = spectra.frames * this.#stft.hop;
    const audio = { data: new Float32Array(2 * samples), shape: [2, samples] };
    for (const [channel, sign] of [1, -1].entries()) {
      const side = this.#stft.emptySpectra(spectra.frames);
      for (let frame = 0; frame < spectra.frames; frame++) {
        const offset = Math.floor(frame / group) * this.#dimension + balanceAt;
        const gains = Array.from({ length: this.#stereoBands }, (_, band) => {
          const level = Math.sqrt(1 + sign * Math.tanh(features.data[offset + band]!));
          const width = features.data[offset + this.#stereoBands + band]!;
          return { centre: level * Math.cos(width), side: sign * level * Math.sin(width) };
        });
        for (let bin = 0; bin < bins; bin++) {
          const gain = gains[this.#stereoBand[bin]!]!;
          const re = gain.centre + gain.side * turn.real[bin]!;
          const im = gain.side * turn.imaginary[bin]!;
          const i = frame * bins + bin;
          side.real[i] = re * spectra.real[i]! - im * spectra.imaginary[i]!;
          side.imaginary[i] = re * spectra.imaginary[i]! + im * spectra.real[i]!;
        }
      }
      audio.data.set(this.#stft.inverse(side), channel * samples);
    }
    return audio;
  }
}
