import { groupCount, groupGains } from './groups.ts';

/** A band is noise where it rises above its surroundings by less than the first, a partial above the second number of decibels. */
const [noiseBelow, toneAbove] = [4, 8];
/** By how much these numbers are raised at an attack. */
const attackBoost = 6;
/** Half the surroundings of a band, in bands. */
const surroundings = 6;
const decibels = 20 / Math.LN10;

/** 0 up to `low`, 1 from `high` on, linear between. */
export function ramp(value: number, low: number, high: number): number {
  return Math.min(Math.max((value - low) / (high - low), 0), 1);
}

/**
 * Share of noise in the power of every band, 0 to 1 [frames, bands].
 *
 * @param logs log magnitudes [frames, bands]
 * @param frequencies of the bands' centres in hertz
 */
export function noiseShares(logs: Float64Array, frequencies: Float64Array): Float64Array {
  const bands = frequencies.length;
  const frames = logs.length / bands;
  const heights = new Float64Array(logs.length);
  for (let frame = 0; frame < frames; frame++) {
    const offset = frame * bands;
    for (let band = 0; band < bands; band++) {
      const [from, to] = [Math.max(band - surroundings, 0), Math.min(band + surroundings, bands - 1)];
      let sum = 0;
      for (let i = from; i <= to; i++) sum += logs[offset + i]!;
      heights[offset + band] = decibels * (logs[offset + band]! - sum / (to - from + 1));
    }
  }
  const gains = groupGains(frequencies);
  const attacks = groupAttacks(logs, gains);
  const audible = frequencies.map((frequency) => ramp(frequency, 300, 600));
  const shares = new Float64Array(logs.length);
  const mean = new Float64Array(bands);
  for (let frame = 0; frame < frames; frame++) {
    const [from, to] = [Math.max(frame - 1, 0), Math.min(frame + 1, frames - 1)];
    for (let band = 0; band < bands; band++) {
      let sum = 0;
      for (let j = from; j <= to; j++) sum += heights[j * bands + band]!;
      mean[band] = sum / (to - from + 1);
    }
    for (let band = 0; band < bands; band++) {
      const height = Math.max(mean[Math.max(band - 1, 0)]!, mean[band]!, mean[Math.min(band + 1, bands - 1)]!);
      let boost = 0;
      for (let group = 0; group < groupCount; group++) boost += attacks[group]![frame]! * gains[group]![band]!;
      const share = (toneAbove + attackBoost * boost - height) / (toneAbove - noiseBelow);
      shares[frame * bands + band] = Math.min(Math.max(share, 0), 1) * audible[band]!;
    }
  }
  return shares;
}

/** Attacks 0 to 1 [groups][frames]: rises of a group's power by 8 to 16 dB over four frames, and a frame around them. */
function groupAttacks(logs: Float64Array, gains: Float64Array[]): Float64Array[] {
  const bands = gains[0]!.length;
  const frames = logs.length / bands;
  const powers = logs.map((log) => Math.exp(2 * log));
  return gains.map((gain) => {
    const total = Math.max(
      gain.reduce((sum, value) => sum + value, 0),
      1e-9,
    );
    const level = new Float64Array(frames);
    for (let frame = 0; frame < frames; frame++) {
      let power = 0;
      for (let band = 0; band < bands; band++) power += powers[frame * bands + band]! * gain[band]!;
      level[frame] = 10 * Math.log10(power / total + 1e-12);
    }
    const rises = level.map((_, i) => (i < 2 || i >= frames - 2 ? 0 : level[i + 2]! - level[i - 2]!));
    return rises.map((rise, i) => ramp(Math.max(rises[i - 1] ?? rise, rise, rises[i + 1] ?? rise), 8, 16));
  });
}
