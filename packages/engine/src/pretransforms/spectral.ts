import type { SpectralConfig, Weights } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import { nextTurn } from '../next-turn.ts';
import type { EditedSource, Pretransform, PretransformRun } from './pretransform.ts';
import { type Bands, layersOf } from './spectral/bands.ts';
import { SourceFilter, sourceWeight } from './spectral/source-filter.ts';
import { type FeatureParts, Synthesis } from './spectral/synthesis.ts';
import { pairSpectra } from './stft.ts';

/** Keeps the logarithms and divisions of silence finite. */
const stereoFloor = 1e-9;
/** Latent frames after which other work gets its turn. */
const framesPerTurn = 256;

/**
 * The pretransform of Retone's built-in model: log magnitudes on a warped frequency axis and a few numbers for stereo,
 * through a linear map to latents. It keeps no phase; decoding makes new ones. `docs/spectral.md` is its description,
 * `training/model/spectral.py` its twin and exact specification.
 */
export class Spectral implements Pretransform {
  readonly latentChannels: number;
  readonly downsamplingRatio: number;
  readonly alignment = 1;
  readonly loudness: number | undefined;
  readonly #config: SpectralConfig;
  readonly #main: Bands;
  readonly #low: Bands | undefined;
  /** Log magnitudes of one frame, on both axes. */
  readonly #bands: number;
  /** The stereo band of every bin of the main spectrogram. */
  readonly #stereoBand: Uint8Array;
  readonly #stereoBands: number;
  readonly #synthesiser: Synthesis;
  readonly #filter: SourceFilter;
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
    const { main, low } = layersOf(config, sampleRate);
    this.#main = main;
    this.#low = low;
    this.#bands = (low?.count ?? 0) + main.count;
    this.#stereoBands = config.stereo_edges.length - 1;
    this.#stereoBand = Uint8Array.from(main.frequencies, (frequency) =>
      config.stereo_edges.findLastIndex((edge) => edge <= frequency),
    );
    this.#synthesiser = new Synthesis(config, sampleRate, main, low);
    this.#filter = new SourceFilter(main, low);
    const dimension = this.#dimension;
    this.#mean = weights.values(`${prefix}.mean`, [dimension]);
    this.#analysis = weights.values(`${prefix}.analysis`, [dimension, config.latent_dim]);
    this.#synthesis = weights.values(`${prefix}.synthesis`, [config.latent_dim, dimension]);
    weights.assertComplete();
  }

  async encode(audio: Tensor, run: PretransformRun = {}): Promise<Tensor> {
    const [, samples] = audio.shape as [number, number];
    const frames = Math.ceil(samples / this.downsamplingRatio);
    const [left, right] = [0, 1].map((channel) => {
      const whole = new Float32Array(frames * this.downsamplingRatio);
      whole.set(audio.data.subarray(channel * samples, (channel + 1) * samples));
      return whole;
    }) as [Float32Array, Float32Array];
    const latents = { data: new Float32Array(this.latentChannels * frames), shape: [this.latentChannels, frames] };
    const sums = new Float64Array(this.latentChannels);
    for (let t = 0; t < frames; t++) {
      if (t % framesPerTurn === 0) {
        await nextTurn();
        run.signal?.throwIfAborted();
        run.onProgress?.(t / frames);
      }
      const features = this.#features(left, right, t);
      sums.fill(0);
      for (let d = 0; d < features.length; d++) {
        const value = features[d]! - this.#mean[d]!;
        const row = d * this.latentChannels;
        for (let k = 0; k < sums.length; k++) sums[k]! += value * this.#analysis[row + k]!;
      }
      for (let k = 0; k < sums.length; k++) latents.data[k * frames + t] = sums[k]!;
    }
    run.onProgress?.(1);
    return latents;
  }

  async decode(latents: Tensor, run: PretransformRun = {}): Promise<Tensor> {
    return this.#synthesiser.synthesise(this.parts(this.decodeFeatures(latents)), run);
  }

  async decodeEdited(latents: Tensor, source: EditedSource, run: PretransformRun = {}): Promise<Tensor> {
    const after = this.parts(this.decodeFeatures(latents));
    const decoded = await this.#synthesiser.synthesise(after, run);
    const weight = sourceWeight(source.noiseLevel);
    if (weight === 0) return decoded;
    const before = this.parts(this.decodeFeatures(source.latents));
    return this.#filter.apply(source.audio, decoded, before, after, weight, run);
  }

  async release(): Promise<void> {}

  /** latents [latent_dim, frames] to features [frames, dimension]. */
  decodeFeatures(latents: Tensor): Tensor {
    const [channels, frames] = latents.shape as [number, number];
    const dimension = this.#dimension;
    const features = { data: new Float32Array(frames * dimension), shape: [frames, dimension] };
    // In double precision: phases are tracked along partials, so that small differences between two machines' sums grow.
    const row = new Float64Array(dimension);
    for (let t = 0; t < frames; t++) {
      row.set(this.#mean);
      for (let k = 0; k < channels; k++) {
        const value = latents.data[k * frames + t]!;
        const at = k * dimension;
        for (let d = 0; d < dimension; d++) row[d]! += value * this.#synthesis[at + d]!;
      }
      features.data.set(row, t * dimension);
    }
    return features;
  }

  /** Numbers that describe one latent frame: its frames' bands, then balance and width of the stereo bands. */
  get #dimension(): number {
    return this.#config.frames_per_latent * this.#bands + 2 * this.#stereoBands;
  }

  #features(left: Float32Array, right: Float32Array, t: number): Float64Array {
    const { frames_per_latent: group, floor } = this.#config;
    const stereo = this.#stereoBands;
    const features = new Float64Array(this.#dimension);
    const energy = { left: new Float64Array(stereo), right: new Float64Array(stereo), cross: new Float64Array(stereo) };
    for (const layer of this.#low ? [this.#low, this.#main] : [this.#main]) {
      const { bins } = layer.stft;
      const [pair, power] = [pairSpectra(bins), new Float64Array(bins)];
      const { firstReal, firstImaginary, secondReal, secondImaginary } = pair;
      for (let g = 0; g < group; g++) {
        layer.stft.forwardPair(left, right, t * group + g, pair);
        for (let bin = 0; bin < bins; bin++) {
          const l = firstReal[bin]! * firstReal[bin]! + firstImaginary[bin]! * firstImaginary[bin]!;
          const r = secondReal[bin]! * secondReal[bin]! + secondImaginary[bin]! * secondImaginary[bin]!;
          power[bin] = (l + r) / 2;
          if (layer !== this.#main) continue;
          const band = this.#stereoBand[bin]!;
          energy.left[band]! += l;
          energy.right[band]! += r;
          energy.cross[band]! += firstReal[bin]! * secondReal[bin]! + firstImaginary[bin]! * secondImaginary[bin]!;
        }
        layer.analyse(
          power,
          floor,
          features,
          (g + 1) * this.#bands - (layer === this.#main ? layer.count : this.#bands),
        );
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

  /** Splits features [latent frames, dimension] by what they describe. */
  parts({ data, shape: [latents] }: Tensor): FeatureParts {
    const { frames_per_latent: group } = this.#config;
    const frames = latents! * group;
    const lowBands = this.#low?.count ?? 0;
    const mainBands = this.#main.count;
    const parts = {
      main: new Float64Array(frames * mainBands),
      low: this.#low && new Float64Array(frames * lowBands),
      stereo: new Float64Array(latents! * 2 * this.#stereoBands),
    };
    for (let frame = 0; frame < frames; frame++) {
      const at = Math.floor(frame / group) * this.#dimension + (frame % group) * this.#bands;
      parts.low?.set(data.subarray(at, at + lowBands), frame * lowBands);
      parts.main.set(data.subarray(at + lowBands, at + this.#bands), frame * mainBands);
    }
    for (let t = 0; t < latents!; t++) {
      const at = t * this.#dimension + group * this.#bands;
      parts.stereo.set(data.subarray(at, at + 2 * this.#stereoBands), t * 2 * this.#stereoBands);
    }
    return parts;
  }
}
