import { expect, test } from 'vitest';
import { gridOf, inBars, nearestCrossing, snapper } from '../../src/sound/grid.ts';

const grid = gridOf({ bpm: 120, first: 0.25, confidence: 1 }, 1)!;

test('the grid moves with what lies in front of the recording', () => {
  expect(grid).toEqual({ first: 1.25, beat: 0.5 });
});

test.each([
  [2, '1 bar'],
  [4, '2 bars'],
  [0.5, '1 beat'],
  [3, '1 bar 2 beats'],
  [0.125, '0.25 beats'],
])('%f s at 120 BPM are %s', (seconds, words) => {
  expect(inBars(seconds, grid)).toBe(words);
});

test('times snap to the nearest beat, and not before the axis begins', () => {
  const snap = snapper('beats', grid, undefined);
  expect(snap(1.4)).toBe(1.25);
  expect(snap(1.6)).toBe(1.75);
  expect(snap(-3)).toBe(0);
});

test('times snap to the nearest crossing from below, if there is one near', () => {
  const samples = Float32Array.from({ length: 1000 }, (_, i) => Math.sin((2 * Math.PI * (i - 0.5)) / 100));
  expect(nearestCrossing(samples, 130, 60)).toBe(101);
  expect(nearestCrossing(samples, 130, 5)).toBeUndefined();
  const snap = snapper('zero', undefined, { samples, sampleRate: 1000, offset: 2 });
  expect(snap(2.12)).toBeCloseTo(2.101);
});

test('without a grid or samples times stay', () => {
  expect(snapper('beats', undefined, undefined)(1.234)).toBe(1.234);
  expect(snapper('off', grid, undefined)(1.234)).toBe(1.234);
});
