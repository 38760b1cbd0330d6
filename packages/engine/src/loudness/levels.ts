import type { Tensor } from '@retone/runtime';
import { type Region, samplesOf } from '../lengths.ts';
import { channelsOf } from '../tensors.ts';
import { integratedLoudness } from './loudness.ts';

/** Softer recordings are taken for silence, which has no loudness to return to; in LUFS. */
const softest = -60;
/** How much around a region says how loud it should be, in seconds. */
const surroundings = 3;
/** A region is changed by a factor of at most this (24 dB), so that rests stay rests. */
const mostChange = 16;

/** Factor that brings a recording to the loudness that the model was trained at; 1 for silence. */
export function gainTo(wanted: number, recording: Tensor, sampleRate: number): number {
  const given = integratedLoudness(channelsOf(recording), sampleRate);
  return given < softest ? 1 : factorOf(wanted - given);
}

/** Brings a result to a loudness, in place. */
export function level(result: Tensor, wanted: number, sampleRate: number): void {
  const now = integratedLoudness(channelsOf(result), sampleRate);
  if (now !== -Infinity) amplify(result, factorOf(wanted - now));
}

/** Makes regions as loud as what is kept of the recording around them, in place; also the seams beside them. */
export function levelRegions(
  result: Tensor,
  recording: Tensor,
  regions: readonly Region[],
  { sampleRate, seam }: { sampleRate: number; seam: number },
): void {
  const samples = result.shape[1]!;
  const kept = new Uint8Array(samples).fill(1);
  const spans = regions.map((region) => samplesOf(region, sampleRate));
  for (const [start, end] of spans) kept.fill(0, start, end);
  const changed = result.data.slice();
  for (const [start, end] of spans) {
    const from = Math.max(start - surroundings * sampleRate, 0);
    const near = channelsOf(recording, from, end + surroundings * sampleRate);
    const around = near.map((channel) => channel.filter((_, i) => kept[from + i]));
    const wanted = integratedLoudness(around, sampleRate);
    const now = integratedLoudness(channelsOf(result, start, end), sampleRate);
    if (wanted < softest || now === -Infinity) continue;
    const factor = Math.min(Math.max(factorOf(wanted - now), 1 / mostChange), mostChange);
    const [first, last] = [Math.max(Math.trunc(start - seam), 0), Math.trunc(end + seam)];
    for (const [c, channel] of channelsOf(result, first, last).entries())
      changed.set(
        channel.map((value) => value * factor),
        c * samples + first,
      );
  }
  result.data.set(changed);
}

/** Multiplies all samples, in place. */
export function amplify(audio: Tensor, factor: number): void {
  if (factor !== 1) for (let i = 0; i < audio.data.length; i++) audio.data[i]! *= factor;
}

function factorOf(decibels: number): number {
  return 10 ** (decibels / 20);
}
