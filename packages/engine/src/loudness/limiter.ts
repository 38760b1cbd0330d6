import type { Tensor } from '@retone/runtime';

/** How far ahead and behind the limiter looks, in seconds: a window of 5.8 ms, as in the reference's optimised runtimes. */
const lookAround = 0.0029;

/** Where peaks end, as in those. */
export const defaultCeiling = 0.977;

/**
 * Keeps peaks at or below a ceiling: gain falls and rises again around them, the same in all channels. Audio that stays
 * below is left as it is. In place.
 */
export function limit(audio: Tensor, sampleRate: number, ceiling: number): void {
  const [channels, samples] = audio.shape as [number, number];
  const needed = new Float64Array(samples).fill(1);
  let exceeded = false;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < samples; i++) {
      const peak = Math.abs(audio.data[c * samples + i]!);
      if (peak <= ceiling) continue;
      needed[i] = Math.min(needed[i]!, ceiling / peak);
      exceeded = true;
    }
  }
  if (!exceeded) return;
  // The mean over as many samples as the minimum reaches never exceeds what is needed in the middle.
  const reach = Math.round(lookAround * sampleRate);
  const gain = movingMean(movingMinimum(needed, reach), reach);
  for (let c = 0; c < channels; c++) for (let i = 0; i < samples; i++) audio.data[c * samples + i]! *= gain[i]!;
}

/** Smallest value within `reach` of every place. */
function movingMinimum(values: Float64Array, reach: number): Float64Array {
  const result = new Float64Array(values.length);
  // Places of candidates, their values ascending; the first is the minimum.
  const places = new Int32Array(values.length);
  let [head, tail] = [0, 0];
  for (let i = 0; i < values.length + reach; i++) {
    if (i < values.length) {
      while (tail > head && values[places[tail - 1]!]! >= values[i]!) tail--;
      places[tail++] = i;
    }
    if (i < reach) continue;
    while (places[head]! < i - 2 * reach) head++;
    result[i - reach] = values[places[head]!]!;
  }
  return result;
}

/** Mean of the values within `reach` of every place; beyond the ends they are held. */
function movingMean(values: Float64Array, reach: number): Float64Array {
  const last = values.length - 1;
  const at = (i: number) => values[Math.min(Math.max(i, 0), last)]!;
  const result = new Float64Array(values.length);
  let sum = 0;
  for (let i = -reach; i <= reach; i++) sum += at(i);
  for (let i = 0; i <= last; i++) {
    result[i] = sum / (2 * reach + 1);
    sum += at(i + reach + 1) - at(i - reach);
  }
  return result;
}
