import FFT from 'fft.js';
import { cell } from './envelopes.ts';
import { groupCount, groupGains } from './groups.ts';

/** Samples after which the noise repeats. */
export const period = 1 << 17;

/** By sample rate; it is the same for every sound. */
const made = new Map<number, Float32Array[]>();

/** Periodic noise [groups][period]: power density 1 over all groups, random phases. */
function bandNoises(sampleRate: number): Float32Array[] {
  const known = made.get(sampleRate);
  if (known) return known;
  const bins = period / 2 + 1;
  const gains = groupGains(Float64Array.from({ length: bins }, (_, bin) => (bin * sampleRate) / period));
  const [cos, sin] = [new Float64Array(bins), new Float64Array(bins)];
  let state = 1;
  for (let bin = 0; bin < bins; bin++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const phase = (2 * Math.PI * state) / 2 ** 32;
    cos[bin] = Math.cos(phase);
    // A real signal's spectrum is real at 0 Hz and at the highest bin.
    sin[bin] = bin > 0 && bin < bins - 1 ? Math.sin(phase) : 0;
  }
  const fft = new FFT(period);
  const [input, output] = [new Float64Array(2 * period), new Float64Array(2 * period)];
  const silent = new Float64Array(bins);
  const noises: Float32Array[] = [];
  // Two groups at a time: one as the real part of the transform's result, the other as its imaginary part.
  for (let group = 0; group < groupCount; group += 2) {
    const first = gains[group]!;
    const second = gains[group + 1] ?? silent;
    for (let bin = 0; bin < bins; bin++) {
      const a = Math.sqrt(first[bin]! * period);
      const b = Math.sqrt(second[bin]! * period);
      input[2 * bin] = a * cos[bin]! - b * sin[bin]!;
      input[2 * bin + 1] = a * sin[bin]! + b * cos[bin]!;
      if (bin === 0 || bin === bins - 1) continue;
      input[2 * (period - bin)] = a * cos[bin]! + b * sin[bin]!;
      input[2 * (period - bin) + 1] = b * cos[bin]! - a * sin[bin]!;
    }
    fft.inverseTransform(output, input);
    for (let part = 0; part < 2 && group + part < groupCount; part++) {
      const noise = new Float32Array(period);
      for (let i = 0; i < period; i++) noise[i] = output[2 * i + part]!;
      noises.push(noise);
    }
  }
  made.set(sampleRate, noises);
  return noises;
}

/**
 * Noise whose power runs as the envelopes [groups][cells] say.
 *
 * @param delay samples by which the noise is shifted: at half its period it is another, independent one
 */
export function shapedNoise(envelopes: readonly Float64Array[], delay: number, sampleRate: number): Float32Array {
  const cells = envelopes[0]!.length;
  const signal = new Float32Array(cells * cell);
  const noises = bandNoises(sampleRate);
  for (const [group, envelope] of envelopes.entries()) {
    const noise = noises[group]!;
    // From the centre of each cell to that of the next; beyond the ends the outermost continues.
    for (let i = -1; i < cells; i++) {
      const from = Math.sqrt(envelope[Math.max(i, 0)]!);
      const slope = (Math.sqrt(envelope[Math.min(i + 1, cells - 1)]!) - from) / cell;
      const start = i * cell + cell / 2;
      const end = Math.min(start + cell, signal.length);
      for (let n = Math.max(start, 0); n < end; n++)
        signal[n]! += noise[(n + delay) & (period - 1)]! * (from + slope * (n - start + 0.5));
    }
  }
  return signal;
}
