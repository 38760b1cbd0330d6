import { describe, expect, test } from 'vitest';
import { philox, seededNoise } from '../src/sampling/noise.ts';

const hex = (words: number[]) => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');

describe('philox', () => {
  // Known answers of the Random123 library (kat_vectors, philox4x32 with 10 rounds).
  test.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ] as const)('counter %j, key %j', (counter, key, expected) => {
    expect(hex(philox([...counter], [...key]))).toBe(expected);
  });
});

describe('seeded noise', () => {
  test('has the moments of a standard normal distribution', () => {
    const noise = seededNoise(7).draw(0, 64, 4096);
    const mean = (power: number) => noise.reduce((sum, value) => sum + value ** power, 0) / noise.length;
    // Five standard errors of each moment for 262,144 values.
    expect(Math.abs(mean(1))).toBeLessThan(5 / 512);
    expect(Math.abs(mean(2) - 1)).toBeLessThan((5 * Math.sqrt(2)) / 512);
    expect(Math.abs(mean(3))).toBeLessThan((5 * Math.sqrt(15)) / 512);
    expect(Math.abs(mean(4) - 3)).toBeLessThan((5 * Math.sqrt(96)) / 512);
  });

  test('is the same for the same seed, and another for another seed or draw', () => {
    const draw = (seed: number, index: number) => [...seededNoise(seed).draw(index, 2, 5)];
    expect(draw(1, 0)).toEqual(draw(1, 0));
    expect(draw(1, 0)).not.toEqual(draw(2, 0));
    expect(draw(1, 0)).not.toEqual(draw(1, 1));
    expect(draw(1, 0)).not.toEqual(draw(1 + 2 ** 32, 0));
  });

  test('of a longer generation starts with that of a shorter one', () => {
    const [short, long] = [seededNoise(3).draw(1, 2, 6), seededNoise(3).draw(1, 2, 11)];
    expect([...long.subarray(0, 6)]).toEqual([...short.subarray(0, 6)]);
    expect([...long.subarray(11, 17)]).toEqual([...short.subarray(6)]);
  });
});
