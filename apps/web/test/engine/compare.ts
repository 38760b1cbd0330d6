import type { Tensor } from '@retone/engine';
import { logMel, meanDifference } from '../../../../packages/engine/test/log-mel.ts';

const rate = 44_100;

/** Some seconds of decaying notes over a beat [2, samples]. */
export function music(seconds: number): Tensor {
  const samples = seconds * rate;
  const data = new Float32Array(2 * samples);
  for (let i = 0; i < samples; i++) {
    const t = i / rate;
    const note = 110 * 2 ** (((Math.floor(t * 4) * 7) % 24) / 12);
    const tone = Math.sin(2 * Math.PI * note * t) + 0.4 * Math.sin(4 * Math.PI * note * t);
    const beat = Math.exp(-40 * (t % 0.5)) * Math.sin(2 * Math.PI * 60 * t);
    data[i] = 0.3 * Math.exp(-3 * (t % 0.25)) * tone + 0.4 * beat;
    data[samples + i] = 0.8 * data[i]!;
  }
  return { data, shape: [2, samples] };
}

/** The mean difference of the log-mel spectra of two sounds [2, samples], in decibels. */
export function logMelDifference(a: Float32Array, b: Float32Array): number {
  const spectrum = (sound: Float32Array) => logMel(sound.subarray(0, sound.length / 2), rate);
  return meanDifference(spectrum(a), spectrum(b));
}
