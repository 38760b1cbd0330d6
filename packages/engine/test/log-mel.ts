import { Stft } from '../src/pretransforms/stft.ts';
import { magnitudes } from './magnitudes.ts';

const stft = new Stft(2048, 512);
const bandCount = 64;

/** Power of a channel in mel bands, in decibels, down to 60 below the loudest: softer ones are near the floor of the model. */
export function logMel(channel: Float32Array, rate: number): Float64Array {
  const { values } = magnitudes(stft, channel);
  const mel = (hertz: number) => Math.log10(1 + hertz / 700);
  const power = new Float64Array((values.length / stft.bins) * bandCount);
  for (let i = 0; i < values.length; i++) {
    const bin = i % stft.bins;
    const band = Math.floor((mel((bin * rate) / stft.size) / mel(rate / 2)) * (bandCount - 1e-9));
    power[Math.floor(i / stft.bins) * bandCount + band]! += values[i]! ** 2;
  }
  return relativeLevels(power);
}

/** Decibels below the loudest of powers, down to 60. */
export function relativeLevels(power: Float64Array): Float64Array {
  const loudest = power.reduce((most, value) => Math.max(most, value), 1e-20);
  return power.map((value) => 10 * Math.log10(Math.max(value / loudest, 1e-6)));
}

export function meanDifference(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}
