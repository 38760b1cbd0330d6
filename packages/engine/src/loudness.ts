import type { Tensor } from '@retone/runtime';

/** Blocks that loudness is measured in, and how far they are apart, in seconds. */
const block = 0.4;
const blockStep = 0.1;
/** Softer blocks are silence and do not count, in LUFS; nor do those so many LU below the mean of the others. */
const silence = -70;
const relativeGate = 10;
/** How far ahead and behind the limiter looks, in seconds. */
const lookAround = 0.02;

/**
 * Integrated loudness in LUFS of audio [channels, samples] after ITU-R BS.1770-4, all channels weighted alike; -Infinity for
 * silence. What is shorter than a block (400 ms) is measured as one.
 */
export function loudness(audio: Tensor, sampleRate: number): number {
  const [channels, samples] = audio.shape as [number, number];
  const step = Math.round(blockStep * sampleRate);
  const size = Math.min(Math.round(block * sampleRate), samples);
  const cells = new Float64Array(Math.ceil(samples / step));
  for (let c = 0; c < channels; c++) {
    const weighted = kWeighted(audio.data.subarray(c * samples, (c + 1) * samples), sampleRate);
    for (let i = 0; i < samples; i++) cells[Math.floor(i / step)]! += weighted[i]! ** 2;
  }
  const width = Math.min(Math.round(block / blockStep), cells.length);
  const powers: number[] = [];
  for (let start = 0; start + width <= cells.length; start++)
    powers.push(cells.subarray(start, start + width).reduce((sum, power) => sum + power, 0) / size);
  const sounding = powers.filter((power) => level(power) > silence);
  const gate = level(mean(sounding)) - relativeGate;
  return level(mean(sounding.filter((power) => level(power) > gate)));
}

/** Multiplies all samples, in place. */
export function amplify(audio: Tensor, factor: number): void {
  if (factor !== 1) for (let i = 0; i < audio.data.length; i++) audio.data[i]! *= factor;
}

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

function level(power: number): number {
  return -0.691 + 10 * Math.log10(power);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
}

/** The two filters of BS.1770 (a shelf for the head, a high-pass), given there for 48 kHz, here for any rate. */
function kWeighted(signal: Float32Array, sampleRate: number): Float64Array {
  const shelf = (() => {
    const k = Math.tan((Math.PI * 1681.974450955533) / sampleRate);
    const [q, high] = [0.7071752369554196, 10 ** (3.999843853973347 / 20)];
    const middle = high ** 0.4996667741545416;
    const b = [high + (middle * k) / q + k * k, 2 * (k * k - high), high - (middle * k) / q + k * k];
    return { b, a: [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k] };
  })();
  const highPass = (() => {
    const k = Math.tan((Math.PI * 38.13547087602444) / sampleRate);
    const q = 0.5003270373238773;
    const a = [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k];
    return { b: [a[0]!, -2 * a[0]!, a[0]!], a };
  })();
  return filtered(filtered(Float64Array.from(signal), shelf), highPass);
}

/** A filter of second order, in place. */
function filtered(signal: Float64Array, { a, b }: { a: number[]; b: number[] }): Float64Array {
  const [b0, b1, b2, a1, a2] = [...b, ...a.slice(1)].map((value) => value / a[0]!) as [
    number,
    number,
    number,
    number,
    number,
  ];
  let [s1, s2] = [0, 0];
  for (let i = 0; i < signal.length; i++) {
    const x = signal[i]!;
    const y = b0 * x + s1;
    s1 = b1 * x - a1 * y + s2;
    s2 = b2 * x - a2 * y;
    signal[i] = y;
  }
  return signal;
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
