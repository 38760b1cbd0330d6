import type { Tensor } from '@retone/runtime';
import { nextTurn } from '../../next-turn.ts';
import type { PretransformRun } from '../pretransform.ts';
import { OverlapAdd, pairSpectra } from '../stft.ts';
import type { Bands } from './bands.ts';
import { ramp } from './shares.ts';

/** Noise levels up to the first keep as much of the source as they can, levels from the second on keep nothing. */
const [fullLevel, noLevel] = [0.4, 0.8];
/** Changes of level up to the first number of decibels are made by filtering the source; from the second on, the decoded sound is taken. */
const [filteredUpTo, decodedFrom] = [6, 14];
/** Least and greatest logarithm of a filter's gain: -60 and 13 dB. */
const [leastGain, greatestGain] = [-7, 1.5];
const decibels = 20 / Math.LN10;
/** Frames after which other work gets its turn. */
const framesPerTurn = 512;

/** How much of the source is kept at a noise level, 0 to 1: continuous, and falling. */
export function sourceWeight(noiseLevel: number): number {
  return Math.cos((Math.PI / 2) * ramp(noiseLevel, fullLevel, noLevel)) ** 2;
}

/** Log magnitudes of a sound's bands: [frames, bands] of the main spectrogram and, if there is one, of the low one. */
export interface BandLogs {
  main: Float64Array;
  low: Float64Array | undefined;
}

/**
 * Sound whose bands changed is made by filtering the recording they were made of, which keeps its phases: voices stay
 * intelligible, attacks sharp and bass in tune. Where bands changed by much, there is nothing left to filter, and the decoded
 * sound is taken instead.
 */
export class SourceFilter {
  readonly #main: Bands;
  readonly #low: Bands | undefined;

  constructor(main: Bands, low: Bands | undefined) {
    this.#main = main;
    this.#low = low;
  }

  /**
   * @param source recording [2, samples] that was encoded
   * @param decoded sound [2, samples] of the changed bands
   * @param before bands of the recording, as its latents give them
   * @param after the changed bands
   * @param weight of the filtered recording, 0 to 1
   */
  async apply(
    source: Tensor,
    decoded: Tensor,
    before: BandLogs,
    after: BandLogs,
    weight: number,
    run: PretransformRun,
  ): Promise<Tensor> {
    const main = this.#main;
    const { stft } = main;
    const frames = before.main.length / main.count;
    const samples = frames * stft.hop;
    const mainChange = smoothedChange(before.main, after.main, main.count);
    const lowChange = this.#low && smoothedChange(before.low!, after.low!, this.#low.count);
    const [sourcePair, decodedPair] = [pairSpectra(stft.bins), pairSpectra(stft.bins)];
    const output = new OverlapAdd(stft, frames);
    const channel = ({ data, shape }: Tensor, index: number) => {
      const start = index * shape[1]!;
      return data.subarray(start, start + samples);
    };
    for (let frame = 0; frame < frames; frame++) {
      if (frame % framesPerTurn === 0) {
        await nextTurn();
        run.signal?.throwIfAborted();
      }
      stft.forwardPair(channel(source, 0), channel(source, 1), frame, sourcePair);
      stft.forwardPair(channel(decoded, 0), channel(decoded, 1), frame, decodedPair);
      for (let k = 0; k < stft.bins; k++) {
        const change =
          k < main.firstBin && lowChange
            ? lowChange[frame * this.#low!.count + 2 * k]!
            : changeAt(main, mainChange, frame, k);
        const kept = weight * (1 - ramp(decibels * Math.abs(change), filteredUpTo, decodedFrom));
        // The two have unrelated phases, so that their powers add up.
        const filter = Math.sqrt(kept) * Math.exp(Math.min(Math.max(change, leastGain), greatestGain));
        const rest = Math.sqrt(1 - kept);
        decodedPair.firstReal[k] = filter * sourcePair.firstReal[k]! + rest * decodedPair.firstReal[k]!;
        decodedPair.firstImaginary[k] = filter * sourcePair.firstImaginary[k]! + rest * decodedPair.firstImaginary[k]!;
        decodedPair.secondReal[k] = filter * sourcePair.secondReal[k]! + rest * decodedPair.secondReal[k]!;
        decodedPair.secondImaginary[k] =
          filter * sourcePair.secondImaginary[k]! + rest * decodedPair.secondImaginary[k]!;
      }
      output.add(decodedPair, frame);
    }
    const audio = { data: new Float32Array(2 * samples), shape: [2, samples] };
    output.addTo(audio.data);
    return audio;
  }
}

/** Change of log magnitudes [frames, bands], averaged over three frames and three bands, so that the filter does not ring. */
function smoothedChange(before: Float64Array, after: Float64Array, bands: number): Float64Array {
  const frames = before.length / bands;
  const change = after.map((value, i) => value - before[i]!);
  return change.map((_, i) => {
    const frame = Math.floor(i / bands);
    const band = i % bands;
    let sum = 0;
    let count = 0;
    for (let j = Math.max(frame - 1, 0); j <= Math.min(frame + 1, frames - 1); j++) {
      for (let b = Math.max(band - 1, 0); b <= Math.min(band + 1, bands - 1); b++) {
        sum += change[j * bands + b]!;
        count++;
      }
    }
    return sum / count;
  });
}

function changeAt(bands: Bands, change: Float64Array, frame: number, bin: number): number {
  const at = frame * bands.count + bands.below[bin]!;
  return change[at]! + bands.part[bin]! * (change[at + 1]! - change[at]!);
}
