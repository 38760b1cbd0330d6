import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Graph, ops } from '@retone/graph';
import { compileGraph, integersAreExact, openCompiled, Session } from '@retone/runtime';
import { expect, test } from 'vitest';
import { at, expectClose, noise, run, sumOver, tensor } from './tensors.ts';

test('a quantised layer multiplies by int8 values and their scales', async () => {
  const x = noise([5, 64]);
  const values = tensor([64, 3], (i, j) => ((i * 7 + j * 29) % 255) - 127);
  const scale = Float32Array.of(0.01, 0.02, 0.005);
  const y = await run([x], (input) => {
    const { graph } = input!;
    const matrix = {
      values: graph.byteConstant('int8', [64, 3], () => Int8Array.from(values.data)),
      scale: graph.constant(scale, [3]),
    };
    return ops.quantisedLinear(input!, matrix, graph.constant(Float32Array.of(1, 2, 3), [3]));
  });
  const exact = tensor([5, 3], (n, o) => o + 1 + sumOver(64, (i) => at(x, n, i) * at(values, i, o) * scale[o]!));
  // Inputs are rounded to one of 255 steps over 2.
  expectClose(y, exact, (2 / 255 / 2) * 127 * 0.02 * 8 * 2);
});

test('a block-quantised layer widens its bytes, block by block', async () => {
  const x = noise([5, 64]);
  const values = tensor([3, 64], (o, i) => (i * 7 + o * 29) % 256);
  const scale = tensor([3, 2], (o, block) => 0.01 * (o + 1) + 0.001 * block);
  const y = await run([x], (input) => {
    const { graph } = input!;
    const matrix = {
      values: graph.byteConstant('uint8', [3, 2, 32], () => Uint8Array.from(values.data)),
      scale: graph.constant(scale.data, [6]),
    };
    return ops.blockQuantisedLinear(input!, matrix);
  });
  const widened = (o: number, i: number) => (at(values, o, i) - 128) * at(scale, o, i >> 5);
  expectClose(
    y,
    tensor([5, 3], (n, o) => sumOver(64, (i) => at(x, n, i) * widened(o, i))),
    1e-4,
  );
});

test('rows are normed, and their factors returned', async () => {
  const x = noise([4, 8]);
  const scale = Float32Array.from({ length: 8 }, (_, i) => i + 1);
  const back = await run([x], (input) => {
    const { normed, factor } = ops.rmsNormed(input!, input!.graph.constant(scale, [8]));
    return ops.div(normed, factor);
  });
  expectClose(
    back,
    tensor([4, 8], (n, i) => at(x, n, i) * (i + 1)),
    1e-5,
  );
});

test('peaks are the largest absolute values of the channels', async () => {
  const x = noise([2, 3, 4]);
  const largest = (i: number) => Math.max(...[0, 1].flatMap((a) => [0, 1, 2].map((b) => Math.abs(at(x, a, b, i)))));
  expectClose(await run([x], (input) => ops.channelPeaks(input!)), tensor([4], largest));
});

test('a compiled graph gives what the graph gives, from its own files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'retone-compile-'));
  const build = () => {
    const graph = new Graph('test');
    const weight = graph.constant(noise([64, 64], 3).data, [64, 64]);
    graph.output('y', ops.linear(graph.input('x', ['N', 64]), weight));
    return graph;
  };
  const x = noise([5, 64]);
  await compileGraph(build(), folder, join(folder, 'gathered'));
  rmSync(join(folder, 'gathered'));
  expect(readdirSync(folder).sort()).toEqual(['graph.onnx', 'graph.weights']);
  const compiled = await openCompiled(folder);
  const plain = await Session.create(build());
  expectClose((await compiled.run({ x })).y!, (await plain.run({ x })).y!, 1e-5);
  await compiled.release();
  rmSync(folder, { recursive: true });
});

test('whether 8-bit products are exact is tried once', async () => {
  expect(await integersAreExact()).toBe(await integersAreExact());
});
