import { describe, expect, test } from 'vitest';
import { samplers, type Velocity } from '../src/sampling/samplers.ts';

const noiseless = () => new Float32Array(1);
const linear = (steps: number) => Array.from({ length: steps + 1 }, (_, i) => 1 - i / steps);

/** The flow x(t) = cos(2t) * x(0), whose velocity is known; its value at t = 0 is 1. */
const velocity: Velocity = async (x, t) => x.map((value) => -2 * Math.tan(2 * t) * value);
const start = () => Float32Array.of(Math.cos(1));
/** From t = 0.5, before the tangent's pole. */
const halved = (sigmas: number[]) => sigmas.map((sigma) => sigma / 2);

async function error(name: 'euler' | 'rk4' | 'dpmpp', steps: number): Promise<number> {
  const final = await samplers[name](start(), { velocity, sigmas: halved(linear(steps)), noise: noiseless });
  return Math.abs(final[0]! - 1);
}

describe('samplers', () => {
  test('euler converges with first order', async () => {
    expect(Math.log2((await error('euler', 16)) / (await error('euler', 32)))).toBeCloseTo(1, 0);
  });

  // Its first and last steps are of first order, so the whole is between the two.
  test('dpmpp is several times nearer than euler', async () => {
    expect(await error('dpmpp', 16)).toBeLessThan((await error('euler', 16)) / 3);
  });

  test('rk4 is exact to float32 with few steps', async () => {
    expect(await error('rk4', 16)).toBeLessThan(1e-5);
  });

  test.each(['euler', 'rk4', 'dpmpp', 'pingpong'] as const)(
    '%s finds the clean latents of a straight flow exactly',
    async (name) => {
      const [clean, noise] = [Float32Array.of(0.25, -1), Float32Array.of(1.5, 2)];
      const final = await samplers[name](noise, {
        velocity: async () => noise.map((value, i) => value - clean[i]!),
        sigmas: linear(4),
        noise: () => noise,
      });
      for (const [i, value] of final.entries()) expect(value).toBeCloseTo(clean[i]!, 5);
    },
  );

  test('ping-pong draws the noise of each step once, in order', async () => {
    const drawn: number[] = [];
    const noise = (step: number) => {
      drawn.push(step);
      return Float32Array.of(0);
    };
    await samplers.pingpong(Float32Array.of(1), { velocity, sigmas: halved(linear(3)), noise });
    expect(drawn).toEqual([0, 1, 2]);
  });
});
