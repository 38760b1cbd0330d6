import { type Checkpoint, openCheckpoint, Weights } from '@retone/checkpoint';
import { Graph } from '@retone/graph';
import { Session, type Tensor } from '@retone/runtime';
import { afterEach, describe, expect, test } from 'vitest';
import { fixture as folderOf, present } from '../fixtures/fixtures.ts';
import { Scope } from '../src/backends/backend.ts';
import { exactBackend } from '../src/backends/exact.ts';
import { crossAttention, crossKeysAndValues } from '../src/networks/attention.ts';
import { Dit } from '../src/networks/dit.ts';
import { TextEncoder } from '../src/networks/t5gemma.ts';
import { seededNoise } from '../src/sampling/noise.ts';

// Skipping and caching give the same results as computing everything every time. Those of the autoencoder are in
// segments.test.ts.

const opened: Checkpoint[] = [];

function checkpointOf(fixture: string): Checkpoint {
  const checkpoint = openCheckpoint(folderOf(fixture));
  opened.push(checkpoint);
  return checkpoint;
}

function noise(shape: [batch: number, rows: number, columns: number], seed: number): Tensor {
  const [batch, rows, columns] = shape;
  return { data: seededNoise(seed).draw(0, batch * rows, columns), shape };
}

/** Largest difference, in relation to the largest value. */
function difference(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  const peak = a.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(peak).toBeGreaterThan(0);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0) / peak;
}

describe('the same comes out of', () => {
  afterEach(() => {
    for (const checkpoint of opened.splice(0)) checkpoint.close();
  });

  // The second has differential attention, with two maps of keys.
  test.each(present(['tiny-small', 'tiny-medium']))(
    'cross-attention whose keys and values were computed before: %s',
    async (fixture) => {
      const { config, file } = checkpointOf(fixture);
      const { embed_dim: width, num_heads: heads, attn_kwargs: attention } = config.model.diffusion.config;
      const options = { ...attention, heads };
      const weights = new Weights(file);
      const at = (graph: Graph) =>
        new Scope(graph, weights, 'model.model.transformer.layers.0.cross_attn', exactBackend());
      const [x, context] = [noise([2, 5, width], 1), noise([2, 7, width], 2)];

      const plain = new Graph('plain');
      const inputs = [plain.input('x', ['B', 'S', width]), plain.input('context', ['B', 'N', width])] as const;
      const all = crossKeysAndValues(at(plain), inputs[1], width, options);
      plain.output('y', crossAttention(at(plain), inputs[0], all, options));

      const before = new Graph('before');
      const made = crossKeysAndValues(at(before), before.input('context', ['B', 'N', width]), width, options);
      for (const [i, key] of made.keys.entries()) before.output(`keys_${i}`, key);
      before.output('values', made.values);

      const step = new Graph('step');
      const given = {
        keys: made.keys.map((_, i) => step.input(`keys_${i}`, ['B', 'N', width])),
        values: step.input('values', ['B', 'N', width]),
      };
      step.output('y', crossAttention(at(step), step.input('x', ['B', 'S', width]), given, options));

      const run = async (graph: Graph, values: Record<string, Tensor>) => (await Session.create(graph)).run(values);
      const expected = await run(plain, { x, context });
      const prepared = await run(before, { context });
      expect(Object.keys(prepared)).toHaveLength(fixture === 'tiny-medium' ? 3 : 2);
      expect(difference(expected.y!, (await run(step, { x, ...prepared })).y!)).toBeLessThan(1e-6);
    },
  );

  test.each(present(['tiny-small', 'tiny-medium']))(
    'one frame of zeros as local condition, computed once: %s',
    async (fixture) => {
      const { config, file } = checkpointOf(fixture);
      const dit = config.model.diffusion.config;
      const model = await Dit.load(dit, new Weights(file));
      const frames = 9;
      const local = (count: number): Tensor => {
        return { data: new Float32Array(dit.local_add_cond_dim! * count), shape: [1, dit.local_add_cond_dim!, count] };
      };
      const latents = noise([1, dit.io_channels, frames], 3);
      const velocity = async (condition: Tensor | undefined, seed: number) => {
        const cross = noise([1, 6, dit.cond_token_dim], seed);
        const global = { data: cross.data.slice(0, dit.global_cond_dim), shape: [1, dit.global_cond_dim] };
        const conditions = await model.condition({ cross, global, local: condition });
        return (await model.run(latents, [0.7], conditions)).velocity!;
      };
      const plain = [await velocity(local(frames), 4), await velocity(local(frames), 5)];
      const short = [await velocity(local(1), 4), await velocity(local(1), 5)];
      for (const [i, expected] of plain.entries()) expect(difference(expected, short[i]!)).toBeLessThan(1e-6);
      // It does make a difference: the layers' biases act.
      expect(difference(plain[0]!, await velocity(undefined, 4))).toBeGreaterThan(1e-4);
      await model.release();
    },
  );

  test('the text encoder on the valid tokens alone, without the padding behind them', async () => {
    const { config, file } = checkpointOf('tiny-small').text!;
    const encoder = await TextEncoder.load(config, new Weights(file));
    const ids = [5, 11, 23, 7, 1];
    const padded = (await encoder.run([...ids, 0, 0, 0, 0, 0, 0, 0], ids.length)).last_hidden_state!;
    const valid = (await encoder.run(ids)).last_hidden_state!;
    const kept = { data: padded.data.subarray(0, ids.length * encoder.width), shape: valid.shape };
    expect(difference(kept, valid)).toBeLessThan(1e-5);
    await encoder.release();
  });
});
