import { type StructureConfig, structureChannels } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import { pairSpectra, Stft } from '../pretransforms/stft.ts';

/** Windows of the analysis in samples: one that resolves low pitches, one that is short beside an attack. */
const [pitchWindow, attackWindow] = [4096, 1024];
const harmonics = 6;
const harmonicDecay = 0.8;
/** Magnitude of the faintest spectral peak that counts; a sine at full scale has 1. */
const faintestPeak = 1e-3;
const [lowestPeak, highestPeak] = [55, 5000];
/** Added to the largest salience of a latent before it is divided by: noise must not look like a pitch. */
const salienceFloor = 0.1;
/** Groups of frequencies in hertz whose attacks are distinguished, roughly kick, snare and cymbals. */
const groupEdges = [40, 250, 2500, 16000];
const bandsPerGroup = 4;
/** Pitches, attacks and loudness, each with its own strength. */
const kinds = 3;

/**
 * The structure of a recording: its pitches, attacks and loudness over time, without its timbre. The transformer sees it beside
 * the noisy latents, so that melody and beat outlast noise that takes the sound away. `training/model/structure.py` is its twin
 * and holds the full specification; pitch salience after Salamon and Gomez 2012, "Melody extraction from polyphonic music
 * signals using pitch contour characteristics".
 */
export class Structure {
  /** Channels with the strengths in front of them. */
  readonly channels: number;
  readonly #config: StructureConfig;
  readonly #sampleRate: number;
  readonly #pitchStft: Stft;
  readonly #attackStft: Stft;
  /** First bin of every band of the short window, and one beyond the last. */
  readonly #bandEdges: number[];

  constructor(config: StructureConfig, sampleRate: number) {
    const { hop_length: hop } = config;
    this.#config = config;
    this.#sampleRate = sampleRate;
    this.channels = structureChannels(config);
    this.#pitchStft = new Stft(pitchWindow, 2 * hop);
    this.#attackStft = new Stft(attackWindow, hop);
    const edges = groupEdges.slice(1).flatMap((high, g) => {
      const low = groupEdges[g]!;
      return Array.from({ length: bandsPerGroup }, (_, i) => low * (high / low) ** (i / bandsPerGroup));
    });
    this.#bandEdges = [...edges, groupEdges.at(-1)!].map((hertz) => Math.ceil((hertz * attackWindow) / sampleRate));
  }

  /**
   * Channels [3 + pitches + 4 * frames_per_latent, latents] of stereo audio [2, samples] at the loudness that the model works
   * at; samples is a multiple of the downsampling ratio.
   *
   * @param strength 0 (as if there were no source) to 1
   */
  channelsOf(audio: Tensor, strength: number): Tensor {
    const { hop_length: hop, frames_per_latent: group } = this.#config;
    const latents = audio.shape[1]! / (hop * group);
    const data = new Float32Array(this.channels * latents);
    data.fill(strength, 0, kinds * latents);
    data.set(this.#salience(audio, latents), kinds * latents);
    this.#attacksAndLoudness(audio, latents, data.subarray((kinds + this.#config.pitches) * latents));
    for (let i = kinds * latents; i < data.length; i++) data[i]! *= strength;
    return { data, shape: [this.channels, latents] };
  }

  /** Pitch salience [pitches, latents], each latent relative to its strongest pitch. */
  #salience(audio: Tensor, latents: number): Float32Array {
    const { pitches, lowest_pitch: lowest, frames_per_latent: group, hop_length: hop } = this.#config;
    const { bins } = this.#pitchStft;
    // The shift puts the centre of frame i where that of frame 2i is with half the hop.
    const powers = meanPowers(this.#pitchStft, audio, hop / 2);
    const sums = new Float64Array(latents * pitches);
    const hertzPerBin = this.#sampleRate / pitchWindow;
    let frame = 0;
    for (const power of powers) {
      const m = power.map(Math.sqrt);
      const row = Math.floor((frame++ * 2) / group) * pitches;
      for (let k = 1; k < bins - 1; k++) {
        const peak = m[k]!;
        if (peak <= faintestPeak || peak <= m[k - 1]! || peak < m[k + 1]!) continue;
        const hertz = (k + peakOffset(m[k - 1]!, peak, m[k + 1]!)) * hertzPerBin;
        if (hertz < lowestPeak || hertz > highestPeak) continue;
        for (let h = 1; h <= harmonics; h++) {
          const pitch = 69 + 12 * Math.log2(hertz / (440 * h)) - lowest;
          if (pitch < 0 && h > 1) continue;
          const inRange = folded(pitch, pitches);
          const below = Math.floor(inRange);
          const above = below + 1 === pitches ? pitches - 12 : below + 1;
          const weight = Math.sqrt(peak) * harmonicDecay ** (h - 1);
          sums[row + below]! += weight * (1 - (inRange - below));
          sums[row + above]! += weight * (inRange - below);
        }
      }
    }
    const salience = new Float32Array(pitches * latents);
    const floor = (salienceFloor * group) / 2;
    for (let latent = 0; latent < latents; latent++) {
      const row = sums.subarray(latent * pitches, (latent + 1) * pitches);
      const largest = row.reduce((most, value) => Math.max(most, value), 0);
      for (let p = 0; p < pitches; p++) salience[p * latents + latent] = (row[p]! / (largest + floor)) ** 2;
    }
    return salience;
  }

  /** Attacks [3 * group, latents] and loudness [group, latents], one after the other. */
  #attacksAndLoudness(audio: Tensor, latents: number, into: Float32Array): void {
    const { frames_per_latent: group } = this.#config;
    const { bins } = this.#attackStft;
    const groups = groupEdges.length - 1;
    let before: number[] | undefined;
    let frame = 0;
    for (const row of meanPowers(this.#attackStft, audio, 0)) {
      const [latent, part] = [Math.floor(frame / group), frame++ % group];
      const energy = this.#bandEdges
        .slice(1)
        .map((end, band) => Math.log(sum(row, this.#bandEdges[band]!, end) + 1e-6));
      for (let g = 0; g < groups; g++) {
        let rise = 0;
        for (let band = g * bandsPerGroup; band < (g + 1) * bandsPerGroup; band++)
          rise += Math.max(0, energy[band]! - (before ?? energy)[band]!) / bandsPerGroup;
        into[(g * group + part) * latents + latent] = Math.min(1, rise / 4);
      }
      before = energy;
      const loudness = 1 + Math.log10(sum(row, 0, bins) + 1e-9) / 6;
      into[(groups * group + part) * latents + latent] = Math.min(Math.max(loudness, 0), 1);
    }
  }
}

/** Strength of the source's structure at an initial noise level: all of it up to 0.9, none at 1, where nothing of the source is kept. */
export function structureStrength(initNoiseLevel: number): number {
  return Math.min(Math.max((1 - initNoiseLevel) / 0.1, 0), 1);
}

/** Mean power [bins] of both channels for every frame of audio that is delayed by some samples; the array is used again for the next frame. */
function* meanPowers(stft: Stft, audio: Tensor, delay: number): Generator<Float64Array> {
  const samples = audio.shape[1]!;
  const [left, right] = [0, 1].map((channel) => {
    const signal = new Float32Array(samples);
    signal.set(audio.data.subarray(channel * samples, (channel + 1) * samples - delay), delay);
    return signal;
  }) as [Float32Array, Float32Array];
  const [pair, power] = [pairSpectra(stft.bins), new Float64Array(stft.bins)];
  for (let frame = 0; frame < samples / stft.hop; frame++) {
    stft.forwardPair(left, right, frame, pair);
    for (let k = 0; k < power.length; k++)
      power[k] =
        (pair.firstReal[k]! ** 2 +
          pair.firstImaginary[k]! ** 2 +
          pair.secondReal[k]! ** 2 +
          pair.secondImaginary[k]! ** 2) /
        2;
    yield power;
  }
}

/** Where between -0.5 and 0.5 the maximum of a parabola through the logarithms of three magnitudes lies. */
function peakOffset(before: number, peak: number, after: number): number {
  const [a, b, c] = [before, peak, after].map((value) => Math.log(value + 1e-9)) as [number, number, number];
  const offset = (0.5 * (a - c)) / Math.min(a - 2 * b + c, -1e-12);
  return Math.min(Math.max(offset, -0.5), 0.5);
}

/** A pitch moved by octaves into 0 .. pitches. */
function folded(pitch: number, pitches: number): number {
  if (pitch < 0) return pitch + 12 * Math.ceil(-pitch / 12);
  if (pitch >= pitches) return pitch - 12 * Math.floor((pitch - pitches) / 12 + 1);
  return pitch;
}

function sum(values: Float64Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += values[i]!;
  return total;
}
