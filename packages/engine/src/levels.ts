import type { Tensor } from '@retone/runtime';
import type { Region } from './generate.ts';
import { amplify, limit, loudness } from './loudness.ts';
import { columns } from './pieces.ts';

/** Peaks of results that are brought to a loudness stay below this. */
const ceiling = 0.98;
/** Softer recordings are taken for silence, which has no loudness to return to; in LUFS. */
const softest = -60;
/** How much around a region says how loud it should be, in seconds. */
const surroundings = 3;
/** A region is changed by a factor of at most this, so that rests stay rests. */
const mostChange = 4;

/** Factor that brings a recording to the loudness that the model was trained at; 1 for silence. */
export function gainTo(wanted: number, recording: Tensor, sampleRate: number): number {
  const given = loudness(recording, sampleRate);
  return given < softest ? 1 : 10 ** ((wanted - given) / 20);
}

/** Brings a result to a loudness, in place. */
export function level(result: Tensor, wanted: number, sampleRate: number): void {
  const now = loudness(result, sampleRate);
  if (now !== -Infinity) amplify(result, 10 ** ((wanted - now) / 20));
  limit(result, sampleRate, ceiling);
}

/** Makes regions as loud as what is kept of the recording around them, in place; also the seams beside them. */
export function levelRegions(
  result: Tensor,
  recording: Tensor,
  regions: readonly Region[],
  { sampleRate, seam }: { sampleRate: number; seam: number },
): void {
  const [channels, samples] = result.shape as [number, number];
  const kept = keptSamples(regions, samples, sampleRate);
  const changed = result.data.slice();
  for (const region of regions) {
    const [from, to] = [Math.trunc(region.start * sampleRate), Math.trunc(region.end * sampleRate)];
    const reach = surroundings * sampleRate;
    const near = places(from - reach, to + reach, samples).filter((i) => kept[i]);
    const wanted = loudness(selected(recording, near), sampleRate);
    const now = loudness(columns(result, from, Math.min(to, samples) - from), sampleRate);
    if (wanted < softest || now < softest) continue;
    const factor = Math.min(Math.max(10 ** ((wanted - now) / 20), 1 / mostChange), mostChange);
    for (const i of places(from - seam, to + seam, samples))
      for (let c = 0; c < channels; c++) changed[c * samples + i] = result.data[c * samples + i]! * factor;
  }
  result.data.set(changed);
  limit(result, sampleRate, ceiling);
}

/** 1 for every sample outside all regions. */
function keptSamples(regions: readonly Region[], samples: number, sampleRate: number): Uint8Array {
  const kept = new Uint8Array(samples).fill(1);
  for (const { start, end } of regions) kept.fill(0, Math.trunc(start * sampleRate), Math.trunc(end * sampleRate));
  return kept;
}

function places(from: number, to: number, samples: number): number[] {
  const first = Math.max(Math.trunc(from), 0);
  return Array.from({ length: Math.max(Math.min(Math.trunc(to), samples) - first, 0) }, (_, i) => first + i);
}

/** The samples at these places, one after the other. */
function selected(audio: Tensor, at: readonly number[]): Tensor {
  const [channels, samples] = audio.shape as [number, number];
  const data = new Float32Array(channels * at.length);
  for (let c = 0; c < channels; c++)
    at.forEach((place, i) => {
      data[c * at.length + i] = audio.data[c * samples + place]!;
    });
  return { data, shape: [channels, at.length] };
}
