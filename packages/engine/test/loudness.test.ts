import { describe, expect, test } from 'vitest';
import { limit, loudness } from '../src/loudness.ts';

const rate = 44100;

function sine(seconds: number, amplitude: number, channels = 2, frequency = 997) {
  const samples = Math.round(seconds * rate);
  const data = Float32Array.from(
    { length: channels * samples },
    (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * (i % samples)) / rate),
  );
  return { data, shape: [channels, samples] };
}

describe('loudness', () => {
  // EBU Tech 3341 and BS.1770: a full-scale sine of 997 Hz in one channel is -3.01 LUFS, 3.01 more in two.
  test.each([
    [1, 1, -3.01],
    [2, 1, 0],
    [2, 10 ** (-23 / 20), -23],
  ])('of a sine in %i channels at amplitude %f is %f LUFS', (channels, amplitude, expected) => {
    expect(loudness(sine(5, amplitude, channels), rate)).toBeCloseTo(expected, 1);
  });

  test('does not count what is silent or 10 LU below', () => {
    const [loud, soft, none] = [sine(4, 0.1), sine(4, 0.01), sine(4, 0)];
    const parts = [0, 1].flatMap((c) =>
      [loud, soft, none].map(({ data }) => data.subarray(c * 4 * rate, (c + 1) * 4 * rate)),
    );
    const data = Float32Array.from(parts.flatMap((part) => [...part]));
    expect(loudness({ data, shape: [2, 12 * rate] }, rate)).toBeCloseTo(-20, 0);
  });

  test('of a sound shorter than a block is that of the sound', () => {
    expect(loudness(sine(0.05, 0.1), rate)).toBeCloseTo(-20, 0);
  });

  test('of silence is -Infinity', () => {
    expect(loudness(sine(1, 0), rate)).toBe(-Infinity);
  });
});

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
