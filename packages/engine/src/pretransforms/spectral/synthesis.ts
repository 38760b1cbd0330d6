import type { SpectralConfig } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import { nextTurn } from '../../next-turn.ts';
import type { PretransformRun } from '../pretransform.ts';
import { OverlapAdd, type PairSpectra, pairSpectra } from '../stft.ts';
import type { Bands } from './bands.ts';
import { cell, Envelopes } from './envelopes.ts';
import { attackCells, type ExpectedPower, gate } from './gate.ts';
import { GroupMixer, groupCount, groupGains } from './groups.ts';
import { period, shapedNoise } from './noise.ts';
import { Partials } from './partials.ts';
import { integratedPhase, PhaseTracker, type SharedPhases } from './phase.ts';
import { noiseShares, ramp } from './shares.ts';
import { Stereo } from './stereo.ts';

/** Bins in which the decorrelator's turn repeats: echoes of +-2.9 ms and their multiples. */
const turnBins = 16;
/** Below the first frequency in hertz partials are the bands as they are, above the second narrow lobes. */
const [plainBelow, narrowAbove] = [900, 1300];
/** Half the smoothing of noise magnitudes at attacks, in bins. */
const smoothing = 16;
/** Frames after which other work gets its turn. */
const framesPerTurn = 512;

/** The bands of features, split by spectrogram. */
export interface FeatureParts {
  /** Log magnitudes [frames, bands] of the main spectrogram, and of the low one if there is one. */
  main: Float64Array;
  low: Float64Array | undefined;
  /** Balances and widths [latent frames, 2 * stereo bands]. */
  stereo: Float64Array;
}

/**
 * Makes sound of features: partials and noise, as `training/model/spectral.py` specifies step by step. Frames are made one
 * after the other and added to the sound at once, so that memory does not grow with the spectrograms.
 */
export class Synthesis {
  readonly #config: SpectralConfig;
  readonly #sampleRate: number;
  readonly #main: Bands;
  readonly #low: Bands | undefined;
  readonly #stereoBands: number;
  readonly #mixer: GroupMixer;
  readonly #envelopes: Envelopes;

  constructor(config: SpectralConfig, sampleRate: number, main: Bands, low: Bands | undefined) {
    this.#config = config;
    this.#sampleRate = sampleRate;
    this.#main = main;
    this.#low = low;
    this.#stereoBands = config.stereo_edges.length - 1;
    this.#mixer = new GroupMixer(main.frequencies);
    this.#envelopes = new Envelopes(main.stft.window, main.stft.hop);
  }

  /** Audio [2, samples] of features. */
  async synthesise(features: FeatureParts, run: PretransformRun): Promise<Tensor> {
    const frames = features.main.length / this.#main.count;
    const samples = frames * this.#main.stft.hop;
    const audio = { data: new Float32Array(2 * samples), shape: [2, samples] };
    const turn = async (done: number) => {
      run.onProgress?.(done);
      await nextTurn();
      run.signal?.throwIfAborted();
    };
    const low = this.#low && (await this.#addLow(this.#low, features, audio, turn));
    const main = await this.#addMain(features, low?.shared, audio, turn);
    gate(audio.data, main.attacks, low ? [main.power, low.power] : [main.power]);
    run.onProgress?.(1);
    return audio;
  }

  /** Adds the low spectrogram's sound. Its phases are returned, for the main one to follow, and the power that it expects. */
  async #addLow(
    low: Bands,
    features: FeatureParts,
    audio: Tensor,
    turn: Turn,
  ): Promise<{ shared: SharedPhases; power: ExpectedPower }> {
    const frames = features.low!.length / low.count;
    const { stft } = low;
    const bins = low.count + 2;
    const magnitudes = new Float64Array(frames * bins);
    for (let frame = 0; frame < frames; frame++) {
      for (let bin = 0; bin < bins; bin++)
        magnitudes[frame * bins + bin] = low.magnitude(features.low!, frame * low.count, bin, this.#config.floor);
    }
    const power = expectedPower(stft, frames);
    const below = low.frequencies.findIndex((frequency) => frequency >= this.#config.crossover![0]);
    for (let frame = 0; frame < frames; frame++)
      power.frames[frame] = meanSquare(magnitudes.subarray(frame * bins, frame * bins + below));
    const phases = integratedPhase(magnitudes, bins, stft.size, stft.hop);
    await turn(0.1);
    const crossover = this.#config.crossover!;
    const fade = low.frequencies.map((frequency) => 1 - crossfade(frequency, crossover));
    const stereo = this.#stereo(low, (turnBins * stft.size) / this.#main.stft.size, fade);
    const output = new OverlapAdd(stft, frames);
    const pair = pairSpectra(stft.bins);
    for (let frame = 0; frame < frames; frame++) {
      if (frame % framesPerTurn === 0) await turn(0.1 + (0.2 * frame) / frames);
      this.#setStereo(stereo, features, frame, bins);
      for (let k = 0; k < bins; k++) {
        const at = frame * bins + k;
        const re = magnitudes[at]! * Math.cos(phases[at]!);
        const im = magnitudes[at]! * Math.sin(phases[at]!);
        const sideRe = re * stereo.turnReal[k]! - im * stereo.turnImaginary[k]!;
        const sideIm = re * stereo.turnImaginary[k]! + im * stereo.turnReal[k]!;
        write(pair, stereo, k, re, im, sideRe, sideIm);
      }
      output.add(pair, frame);
    }
    output.addTo(audio.data);
    const spacing = this.#main.frequencies[1]!;
    return { shared: { phases, bins, range: [crossover[0] / spacing, crossover[1] / spacing] }, power };
  }

  async #addMain(
    features: FeatureParts,
    shared: SharedPhases | undefined,
    audio: Tensor,
    turn: Turn,
  ): Promise<{ attacks: number[]; power: ExpectedPower }> {
    const main = this.#main;
    const { stft } = main;
    const { floor, crossover } = this.#config;
    const logs = features.main;
    const frames = logs.length / main.count;
    const shares = noiseShares(logs, main.centres);
    await turn(0.35);
    const envelopes = await this.#fitEnvelopes(logs, shares, turn);
    const powers = envelopes.map((cells) => this.#envelopes.framePowers(cells));
    const attacks = envelopes.map((cells) => this.#envelopes.attacks(cells));
    const middleNoise = shapedNoise(envelopes, 0, this.#sampleRate);
    const sideNoise = shapedNoise(envelopes, period / 2, this.#sampleRate);
    await turn(0.55);

    const fade = main.frequencies.map((frequency) => (crossover ? crossfade(frequency, crossover) : 1));
    const stereo = this.#stereo(main, turnBins, fade);
    const power = expectedPower(stft, frames);
    const tracker = new PhaseTracker(stft.bins, stft.size, stft.hop, shared);
    const partials = new Partials(main, floor);
    const narrow = main.frequencies.map((frequency) => ramp(frequency, plainBelow, narrowAbove));
    const tones = new Float64Array(stft.bins);
    const noise = new Float64Array(stft.bins);
    const smoothed = new Float64Array(stft.bins);
    const output = new OverlapAdd(stft, frames);
    const [pair, noisePair] = [pairSpectra(stft.bins), pairSpectra(stft.bins)];
    const [frameAttacks, framePowers] = [new Float64Array(groupCount), new Float64Array(groupCount)];
    const scale = Math.sqrt(stft.size / 6);
    const end = main.lastBin + 1;
    for (let frame = 0; frame < frames; frame++) {
      if (frame % framesPerTurn === 0) await turn(0.55 + (0.45 * frame) / frames);
      const offset = frame * main.count;
      partials.write(logs, shares, offset, tones);
      tones.fill(0, 0, main.firstBin);
      for (let k = main.firstBin; k < end; k++) {
        const magnitude = main.magnitude(logs, offset, k, floor);
        const share = shareOf(main, shares, offset, k);
        noise[k] = magnitude * Math.sqrt(share);
        const part = narrow[k]!;
        if (part < 1) tones[k] = (1 - part) * magnitude * Math.sqrt(1 - share) + part * tones[k]!;
      }
      power.frames[frame] = meanSquare(tones) + meanSquare(noise);
      tracker.next(tones, frame);
      for (let group = 0; group < groupCount; group++) {
        frameAttacks[group] = attacks[group]![frame]!;
        framePowers[group] = powers[group]![frame]!;
      }
      this.#smoothAttacks(noise, smoothed, frameAttacks);
      this.#setStereo(stereo, features, frame, end);
      stft.forwardPair(middleNoise, sideNoise, frame, noisePair);
      for (let k = 0; k < end; k++) {
        const tone = tones[k]!;
        const cos = tone === 0 ? 0 : tone * Math.cos(tracker.phase[k]!);
        const sin = tone === 0 ? 0 : tone * Math.sin(tracker.phase[k]!);
        const level = (scale * noise[k]!) / Math.sqrt(this.#mixer.at(framePowers, k));
        const re = cos + level * noisePair.firstReal[k]!;
        const im = sin + level * noisePair.firstImaginary[k]!;
        const sideRe = cos * stereo.turnReal[k]! - sin * stereo.turnImaginary[k]! + level * noisePair.secondReal[k]!;
        const sideIm =
          cos * stereo.turnImaginary[k]! + sin * stereo.turnReal[k]! + level * noisePair.secondImaginary[k]!;
        write(pair, stereo, k, re, im, sideRe, sideIm);
      }
      output.add(pair, frame);
    }
    output.addTo(audio.data);
    return { attacks: attackCells(envelopes, this.#sampleRate), power };
  }

  /** An envelope [cells] for every group of frequencies. */
  async #fitEnvelopes(logs: Float64Array, shares: Float64Array, turn: Turn): Promise<Float64Array[]> {
    const main = this.#main;
    const frames = logs.length / main.count;
    const gains = groupGains(main.frequencies);
    const totals = gains.map((gain) => gain.reduce((sum, value) => sum + value, 0));
    const powers = gains.map(() => new Float64Array(frames));
    const power = new Float64Array(main.stft.bins);
    for (let frame = 0; frame < frames; frame++) {
      const offset = frame * main.count;
      for (let k = main.firstBin; k <= main.lastBin; k++)
        power[k] = main.magnitude(logs, offset, k, this.#config.floor) ** 2 * shareOf(main, shares, offset, k);
      for (const [group, gain] of gains.entries()) {
        let sum = 0;
        for (let k = main.firstBin; k <= main.lastBin; k++) sum += gain[k]! * power[k]!;
        powers[group]![frame] = sum / totals[group]!;
      }
    }
    const envelopes: Float64Array[] = [];
    for (const each of powers) {
      await turn(0.4);
      envelopes.push(this.#envelopes.fit(each));
    }
    return envelopes;
  }

  /** An attack is shorter than a frame, so its spectrum is smooth; details would spread it over the frame. */
  #smoothAttacks(noise: Float64Array, smoothed: Float64Array, attacks: Float64Array): void {
    if (attacks.every((attack) => attack === 0)) return;
    const last = noise.length - 1;
    for (let k = this.#main.firstBin; k <= this.#main.lastBin; k++) {
      const attack = this.#mixer.at(attacks, k);
      const own = noise[k]! * noise[k]!;
      let mean = own;
      if (attack > 0) {
        for (let d = 1; d < smoothing; d++) {
          const below = noise[Math.max(k - d, 0)]!;
          const above = noise[Math.min(k + d, last)]!;
          mean += smoothingWeights[d]! * (below * below + above * above);
        }
        mean /= smoothing;
      }
      smoothed[k] = Math.sqrt((1 - attack) * own + attack * mean);
    }
    noise.set(smoothed.subarray(this.#main.firstBin, this.#main.lastBin + 1), this.#main.firstBin);
  }

  #stereo(bands: Bands, turn: number, level: Float64Array): Stereo {
    return new Stereo(bands.frequencies, this.#config.stereo_edges, turn, level);
  }

  #setStereo(stereo: Stereo, features: FeatureParts, frame: number, bins: number): void {
    const { frames_per_latent: group } = this.#config;
    if (frame % group !== 0) return;
    stereo.set(features.stereo, (frame / group) * 2 * this.#stereoBands, this.#stereoBands, bins);
  }
}

function expectedPower({ size, hop }: { size: number; hop: number }, frames: number): ExpectedPower {
  return { frames: new Float64Array(frames), half: size / 2 / cell, hop: hop / cell };
}

/** Mean square of a frame, weighted by its squared window, from its magnitudes. */
function meanSquare(magnitudes: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < magnitudes.length; k++) sum += magnitudes[k]! * magnitudes[k]!;
  return sum / 3;
}

/** Lets other work have its turn and reports how far decoding is, 0 to 1. */
type Turn = (done: number) => Promise<void>;

const smoothingWeights = Float64Array.from(
  { length: smoothing },
  (_, d) => 0.5 + 0.5 * Math.cos((Math.PI * d) / smoothing),
);

/** Level of the main spectrogram at a frequency in hertz; that of the low one is the rest to 1. */
function crossfade(frequency: number, [low, high]: readonly [number, number]): number {
  return Math.sin((Math.PI / 2) * ramp(frequency, low, high)) ** 2;
}

function shareOf(bands: Bands, shares: Float64Array, offset: number, bin: number): number {
  const at = offset + bands.below[bin]!;
  return shares[at]! + bands.part[bin]! * (shares[at + 1]! - shares[at]!);
}

/** Writes the two channels of a bin, from its middle and its side. */
function write(
  pair: PairSpectra,
  { gains }: Stereo,
  k: number,
  re: number,
  im: number,
  sideRe: number,
  sideIm: number,
): void {
  pair.firstReal[k] = gains.leftMiddle[k]! * re + gains.leftSide[k]! * sideRe;
  pair.firstImaginary[k] = gains.leftMiddle[k]! * im + gains.leftSide[k]! * sideIm;
  pair.secondReal[k] = gains.rightMiddle[k]! * re + gains.rightSide[k]! * sideRe;
  pair.secondImaginary[k] = gains.rightMiddle[k]! * im + gains.rightSide[k]! * sideIm;
}
