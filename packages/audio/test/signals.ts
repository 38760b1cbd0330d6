import type { AudioClip } from '@retone/audio';

/** A tone of `amplitude`, in samples. */
export function tone(frequency: number, amplitude: number, sampleRate: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * i) / sampleRate));
}

/** A sound whose every stretch is unlike every other: one rising sweep for each channel, each swelling and falling. */
export function sweeps(sampleRate: number, channels: number, seconds: number): AudioClip {
  const length = Math.round(seconds * sampleRate);
  const sweep = (channel: number) =>
    Float32Array.from({ length }, (_, i) => {
      const t = i / sampleRate;
      const swell = 0.5 + 0.5 * Math.sin(2 * Math.PI * (3 + channel) * t);
      return 0.4 * swell * Math.sin(2 * Math.PI * (200 + 150 * channel + 400 * t) * t);
    });
  return { sampleRate, channels: Array.from({ length: channels }, (_, channel) => sweep(channel)) };
}

/** How alike `heard` is to `reference` when it is `lag` samples late: 1 for the same up to loudness. */
export function likeness(heard: Float32Array, reference: Float32Array, lag = 0): number {
  let product = 0;
  let power = 0;
  let referencePower = 0;
  for (let i = 0; i < reference.length; i++) {
    const a = heard[i + lag] ?? 0;
    const b = reference[i] ?? 0;
    product += a * b;
    power += a * a;
    referencePower += b * b;
  }
  return product / Math.sqrt(power * referencePower || 1);
}

/** Decibels by which `reference` is above its difference from `heard`, from sample `from` to before `to`. */
export function signalToNoise(heard: Float32Array, reference: Float32Array, from: number, to: number): number {
  const difference = heard.map((sample, i) => sample - (reference[i] ?? 0));
  return level(reference, from, to) - level(difference, from, to);
}

/** Mean power in decibels of full scale. */
export function level(samples: Float32Array, from = 0, to = samples.length): number {
  const power = samples.subarray(from, to).reduce((sum, sample) => sum + sample * sample, 0) / (to - from);
  return 10 * Math.log10(power + 1e-30);
}
