import { describe, expect, test } from 'vitest';
import { limit } from '../src/loudness/limiter.ts';

const rate = 44100;

function sine(seconds: number, amplitude: number, channels = 2, frequency = 997) {
  const samples = Math.round(seconds * rate);
  const data = Float32Array.from(
    { length: channels * samples },
    (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * (i % samples)) / rate),
  );
  return { data, shape: [channels, samples] };
}

describe('limit', () => {
  test('leaves what is below the ceiling as it is', () => {
    const audio = sine(0.2, 0.9);
    const before = audio.data.slice();
    limit(audio, rate, 0.95);
    expect(audio.data).toEqual(before);
  });

  test('brings peaks to the ceiling without a step in the gain, and leaves what is far from them', () => {
    const audio = sine(1, 0.5, 1);
    const before = audio.data.slice();
    for (let i = 22000; i < 22100; i++) audio.data[i]! *= 10;
    const peaks = audio.data.slice();
    limit(audio, rate, 0.95);
    expect(Math.max(...audio.data.map(Math.abs))).toBeLessThanOrEqual(0.951);
    expect(audio.data.subarray(0, 20000)).toEqual(before.subarray(0, 20000));
    expect(audio.data.subarray(24100)).toEqual(before.subarray(24100));
    const gain = [...peaks.keys()].filter((i) => Math.abs(peaks[i]!) > 0.01).map((i) => audio.data[i]! / peaks[i]!);
    for (let i = 1; i < gain.length; i++) expect(Math.abs(gain[i]! - gain[i - 1]!)).toBeLessThan(0.01);
  });
});
