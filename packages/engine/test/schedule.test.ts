import { describe, expect, test } from 'vitest';
import { noiseSchedule } from '../src/sampling/schedule.ts';

describe('noise schedule', () => {
  test.each([0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 1])('monotone from level %f falls all the way', (sigmaMax) => {
    const sigmas = noiseSchedule({ steps: 8, sigmaMax, frames: 100, kind: 'monotone' });
    expect(sigmas).toHaveLength(9);
    expect(sigmas[0]).toBe(sigmaMax);
    expect(sigmas[8]).toBe(0);
    for (let i = 1; i <= 8; i++) expect(sigmas[i]!).toBeLessThan(sigmas[i - 1]!);
  });

  test("the reference's rises after its start, as recorded", () => {
    const sigmas = noiseSchedule({ steps: 8, sigmaMax: 0.5, frames: 100, kind: 'reference' });
    expect([...sigmas].slice(0, 3).map((sigma) => sigma.toFixed(3))).toEqual(['0.500', '0.830', '0.746']);
  });

  test.each([
    { type: 'none' } as const,
    { type: 'flux', min_length: 4, max_length: 64, alpha_min: 2, alpha_max: 7 } as const,
    { type: 'full', min_length: 2, max_length: 30, base_shift: 0.3, max_shift: 1.15, use_sine: true } as const,
    { type: 'logsnr', anchor_length: 100, anchor_logsnr: -6.2, rate: 1, logsnr_end: 2 } as const,
  ])('ends at exactly 0 with the shift $type, since samplers look for it', (shift) => {
    expect(noiseSchedule({ steps: 4, sigmaMax: 1, frames: 11, kind: 'reference', shift }).at(-1)).toBe(0);
  });

  test('both are the same at level 1', () => {
    const make = (kind: 'monotone' | 'reference') => noiseSchedule({ steps: 12, sigmaMax: 1, frames: 100, kind });
    expect([...make('monotone')]).toEqual([...make('reference')]);
  });
});
