import { expect, test } from 'vitest';
import { guide } from '../src/sampling/guidance.ts';

const x = Float32Array.of(1, -2, 0.5, 3);
const t = 0.6;
const conditional = Float32Array.of(0.2, 0.4, -1, 0.3);
const negative = Float32Array.of(-0.5, 0.1, 0.7, 0.9);
const denoise = (velocity: Float32Array) => x.map((value, i) => value - t * velocity[i]!);
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

test('scale 1 leaves the velocity of the prompt', () => {
  const guided = guide(x, t, conditional, negative, 2, { scale: 1, apgScale: 1 });
  for (const [i, value] of guided.entries()) expect(value).toBeCloseTo(conditional[i]!, 6);
});

test('without projection it is plain classifier-free guidance', () => {
  const guided = guide(x, t, conditional, negative, 2, { scale: 3, apgScale: 0 });
  for (const [i, value] of guided.entries())
    expect(value).toBeCloseTo(negative[i]! + 3 * (conditional[i]! - negative[i]!), 5);
});

test('with projection the estimate moves at a right angle to itself', () => {
  const moved = denoise(guide(x, t, conditional, negative, 2, { scale: 3, apgScale: 1 })).map(
    (value, i) => value - denoise(conditional)[i]!,
  );
  expect(dot(moved, denoise(conditional))).toBeCloseTo(0, 5);
  expect(dot(moved, moved)).toBeGreaterThan(0.1);
});

test('padding is neither measured nor moved', () => {
  const guided = guide(x, t, conditional, negative, 2, { scale: 3, apgScale: 1, validFrames: 1 });
  for (const padding of [1, 3]) expect(guided[padding]).toBeCloseTo(conditional[padding]!, 6);
});

test('the norm of the difference is bounded', () => {
  const norm = Math.hypot(...conditional.map((value, i) => t * (value - negative[i]!)));
  const guided = (normThreshold?: number) =>
    guide(x, t, conditional, negative, 2, { scale: 3, apgScale: 0, normThreshold });
  expect(guided(2 * norm)).toEqual(guided());
  for (const [i, value] of guided(norm / 4).entries())
    expect(value).toBeCloseTo(conditional[i]! + (2 / 4) * (conditional[i]! - negative[i]!), 5);
});

test("rescaling gives each frame the deviation of the prompt's own velocity", () => {
  // x is [2 channels, 2 frames]; of two values the deviation is half their distance.
  const deviation = (velocity: Float32Array, frame: number) => Math.abs(velocity[frame]! - velocity[frame + 2]!) / 2;
  const guided = (rescale: number) => guide(x, t, conditional, negative, 2, { scale: 5, apgScale: 0, rescale });
  for (const frame of [0, 1]) {
    const [plain, own] = [deviation(guided(0), frame), deviation(conditional, frame)];
    expect(plain).not.toBeCloseTo(own, 1);
    expect(deviation(guided(1), frame)).toBeCloseTo(own, 5);
    expect(deviation(guided(0.25), frame)).toBeCloseTo(0.75 * plain + 0.25 * own, 5);
  }
});
