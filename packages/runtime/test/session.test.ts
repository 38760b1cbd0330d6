import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SafetensorsFile, Weights } from '@retone/checkpoint';
import { Graph, ops } from '@retone/graph';
import { Session, type Tensor } from '@retone/runtime';
import { afterAll, describe, expect, test } from 'vitest';
import { bf16, f16, f32, safetensors, TestFolder } from '../../checkpoint/test/files.ts';
import { at, expectClose, noise, sumOver, tensor } from './tensors.ts';

const folder = new TestFolder();
afterAll(() => folder.remove());

describe('weights in a safetensors file', () => {
  /** Multiples of 1/64, which all three types hold exactly. */
  const weight = tensor([6, 10], (i, j) => ((i * 10 + j) % 41) / 64 - 0.3125);
  const bias = tensor([6], (i) => i / 8);
  const x = noise([3, 10]);
  const expected = tensor([3, 6], (n, out) => at(bias, out) + sumOver(10, (i) => at(x, n, i) * at(weight, out, i)));

  /** Bytes of one file in which no tensor begins at a multiple of its element's size. */
  const unaligned = (stored: typeof f32) => {
    const flag = { dtype: 'BOOL', shape: [1], bytes: new Uint8Array(1) };
    const tensors = { flag, w: stored([6, 10], weight.data), b: stored([6], bias.data) };
    const bytes = safetensors(tensors);
    // One of two lengths of padding in the header makes the offsets odd.
    const odd = (bytes.length - (tensors.w.bytes.length + tensors.b.bytes.length)) % 2 === 1;
    return odd ? bytes : safetensors(tensors, { a: 'b' });
  };

  async function linear(file: SafetensorsFile): Promise<Tensor> {
    const weights = new Weights(file);
    const graph = new Graph('test');
    const product = ops.linear(
      graph.input('x', ['N', 10]),
      graph.weight('w', weights.get('w', [6, 10])),
      graph.weight('b', weights.get('b', [6])),
    );
    graph.output('y', product);
    const session = await Session.create(graph);
    const { y } = await session.run({ x });
    await session.release();
    return y!;
  }

  test.each([
    ['F32', f32],
    ['F16', f16],
    ['BF16', bf16],
  ])('are read where they lie, of type %s and not aligned', async (_, stored) => {
    const file = SafetensorsFile.open(folder.write(unaligned(stored)));
    expect(file.tensors.get('w')!.offset % 2).toBe(1);
    expectClose(await linear(file), expected);
    file.close();
  });

  test('are found in a folder whose name is not plain', async () => {
    const path = join(folder.path, 'Müsik & más', 'model v1.safetensors');
    mkdirSync(join(path, '..'));
    copyFileSync(folder.write(unaligned(f32)), path);
    const file = SafetensorsFile.open(path);
    expectClose(await linear(file), expected);
    file.close();
  });

  test('are found behind symbolic links that leave the folder', async () => {
    const target = folder.write(unaligned(f16), 'blob');
    const link = join(folder.path, 'snapshot', 'model.safetensors');
    mkdirSync(join(link, '..'));
    symlinkSync(target, link);
    const file = SafetensorsFile.open(link);
    expectClose(await linear(file), expected);
    file.close();
  });

  test('may be computed instead', async () => {
    const graph = new Graph('test');
    const w = graph.weight('w', { kind: 'computed', shape: weight.shape, values: weight.data });
    graph.output('y', ops.linear(graph.input('x', ['N', 10]), w, graph.constant(bias.data, [6])));
    const session = await Session.create(graph);
    expectClose((await session.run({ x })).y!, expected);
    await session.release();
  });
});

describe('a session', () => {
  function doubling(options?: { probes: boolean }): Graph {
    const graph = new Graph('test', options);
    const doubled = ops.mul(graph.input('x', ['N', 2]), 2);
    graph.probe('inner', doubled);
    graph.output('y', ops.add(doubled, 1));
    return graph;
  }
  const x = tensor([3, 2], (i, j) => 10 * i + j);

  test('runs again and again, with any size of a named axis', async () => {
    const session = await Session.create(doubling());
    for (const rows of [3, 1, 7]) {
      const input = noise([rows, 2], rows);
      expectClose(
        (await session.run({ x: input })).y!,
        tensor([rows, 2], (i, j) => 2 * at(input, i, j) + 1),
      );
    }
    await session.release();
  });

  test('gives inner values only of a graph that was made for looking inside', async () => {
    for (const probes of [true, false]) {
      const session = await Session.create(doubling({ probes }));
      const results = await session.run({ x });
      expect(Object.keys(results).sort()).toEqual(probes ? ['inner', 'y'] : ['y']);
      if (probes)
        expectClose(
          results.inner!,
          tensor([3, 2], (i, j) => 2 * at(x, i, j)),
        );
      await session.release();
    }
  });

  test('gives the same bits for the same input, with any number of threads', async () => {
    const [a, b] = [noise([64, 256]), noise([256, 256], 2)];
    const results: Float32Array[] = [];
    for (const threads of [1, 1, 2]) {
      const graph = new Graph('test');
      graph.output('y', ops.softmax(ops.matmul(graph.input('a', a.shape), graph.input('b', b.shape))));
      const session = await Session.create(graph, { threads });
      results.push((await session.run({ a, b })).y!.data);
      await session.release();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  test.each<[string, Record<string, Tensor>]>([
    ['a missing input', {}],
    ['an input of another width', { x: noise([3, 4]) }],
    ['an input of another number of axes', { x: noise([2]) }],
    ['data that do not fill the shape', { x: { data: new Float32Array(3), shape: [2, 2] } }],
  ])('refuses %s', async (_, inputs) => {
    const session = await Session.create(doubling());
    await expect(session.run(inputs)).rejects.toThrow();
    await session.release();
  });
});
