import { expect, test } from 'vitest';
import { integratedLoudness } from '../src/loudness/loudness.ts';

// Signals and values of EBU Tech 3341 (minimum requirements, cases 1 to 5), and of ITU-R BS.1770.

/** A 1 kHz tone through several levels in dBFS, each for some seconds. */
function tone(parts: [seconds: number, level: number][], sampleRate: number, pitch = 1000): Float32Array {
  const steps = parts.flatMap(([seconds, level]) => Array(Math.round(seconds * sampleRate)).fill(10 ** (level / 20)));
  return Float32Array.from(steps, (gain, i) => gain * Math.sin((2 * Math.PI * pitch * i) / sampleRate));
}

test.each([48000, 44100])('EBU Tech 3341 at %i Hz', (rate) => {
  const stereo = (parts: [number, number][]) => {
    const channel = tone(parts, rate);
    return integratedLoudness([channel, channel], rate);
  };
  expect(stereo([[20, -23]])).toBeCloseTo(-23, 1);
  expect(stereo([[20, -33]])).toBeCloseTo(-33, 1);
  expect(
    stereo([
      [10, -36],
      [60, -23],
      [10, -36],
    ]),
  ).toBeCloseTo(-23, 1);
  expect(
    stereo([
      [10, -72],
      [10, -36],
      [60, -23],
      [10, -36],
      [10, -72],
    ]),
  ).toBeCloseTo(-23, 1);
  expect(
    stereo([
      [20, -26],
      [20.1, -20],
      [20, -26],
    ]),
  ).toBeCloseTo(-23, 1);
});

test('a full-scale tone of 997 Hz in one channel is -3.01 LUFS', () => {
  expect(integratedLoudness([tone([[5, 0]], 48000, 997)], 48000)).toBeCloseTo(-3.01, 1);
});

test('silence has no loudness, and what is shorter than a block is measured as one', () => {
  expect(integratedLoudness([new Float32Array(48000)], 48000)).toBe(-Infinity);
  expect(integratedLoudness([], 48000)).toBe(-Infinity);
  expect(integratedLoudness([tone([[0.05, -20]], 48000)], 48000)).toBeCloseTo(-23, 0);
});
