import { openCheckpoint, Weights } from '@retone/checkpoint';
import { type Cost, costOf, type Graph } from '@retone/graph';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinySmall } from '../fixtures/fixtures.ts';
import type { Backend } from '../src/backends/backend.ts';
import { exactLinear } from '../src/backends/exact.ts';
import { Dit } from '../src/networks/dit.ts';
import { TextEncoder } from '../src/networks/t5gemma.ts';
import { Same } from '../src/pretransforms/same.ts';

// A guard without a clock: a change that adds an operator to a network, or work to a product, must change these numbers.

/** Sizes of the axes: one generation of 64 frames with a prompt of 16 rows, and one local condition. */
const named = { B: 1, T: 64, N: 16, G: 1, L: 1, counted: 70 };

const checkpoint = openCheckpoint(tinySmall);
const costs: Record<string, Cost> = {};

/** Counts the graphs in place of running them. */
const counting: Backend = {
  linear: exactLinear,
  async open(_weights, builds) {
    const running = {} as Awaited<ReturnType<Backend['open']>>;
    for (const [name, build] of Object.entries<() => Graph>(builds)) {
      costs[name] = costOf(build(), named);
      running[name] = { run: async () => ({}), release: async () => {} };
    }
    return running;
  },
};

beforeAll(async () => {
  const { diffusion, pretransform } = checkpoint.config.model;
  const weights = new Weights(checkpoint.file);
  await Dit.load(diffusion.config, weights, { backend: counting });
  await TextEncoder.load(checkpoint.text!.config, new Weights(checkpoint.text!.file), { backend: counting });
  if (pretransform.type === 'spectral') throw new Error('the fixture has SAME');
  await new Same(pretransform.config, weights, 'pretransform.model', { backend: counting }).prepare();
});
afterAll(() => checkpoint.close());

describe('the graphs of tiny-small', () => {
  test.each([
    ['dit-step', 27_985_920, 202],
    ['dit-conditioning', 1_466_368, 29],
    ['dit-local', 2_637_824, 21],
    ['text-encoder', 2_359_296, 160],
    ['same-encoder', 280_119_296, 205],
    ['same-decoder', 627_822_592, 272],
  ])('%s asks for %i multiplications and %i operators', (name, multiplications, operators) => {
    const cost = costs[name]!;
    const all = Object.values(cost.operators).reduce((sum, count) => sum + count, 0);
    expect({ multiplications: cost.multiplications, operators: all }).toEqual({ multiplications, operators });
  });
});
