import { ops, type Value } from '@retone/graph';
import type { Tensor } from '@retone/runtime';
import { describe, expect, test } from 'vitest';
import { at, expectClose, noise, run, sumOver, tensor } from './tensors.ts';

// Every operator, run by ONNX Runtime, against its definition in plain arithmetic.

describe('element by element', () => {
  const a = noise([2, 1, 3]);
  const b = tensor([4, 1], (i) => i + 1.5);

  test.each<[string, (a: Value, b: Value) => Value, (a: number, b: number) => number]>([
    ['add', ops.add, (a, b) => a + b],
    ['sub', ops.sub, (a, b) => a - b],
    ['mul', ops.mul, (a, b) => a * b],
    ['div', ops.div, (a, b) => a / b],
  ])('%s broadcasts', async (_, op, plain) => {
    const result = await run([a, b], (x, y) => op(x!, y!));
    expectClose(
      result,
      tensor([2, 4, 3], (i, j, k) => plain(at(a, i, 0, k), at(b, j, 0))),
    );
  });

  test('numbers may stand on either side', async () => {
    const result = await run([b], (x) => ops.div(ops.sub(1, x!), ops.add(ops.mul(x!, 2), 3)));
    expectClose(
      result,
      tensor([4, 1], (i) => (1 - at(b, i, 0)) / (2 * at(b, i, 0) + 3)),
    );
  });

  test.each([
    [1, 1],
    [2, 1],
    [1, 5],
    [2, 5],
  ])('an axis marked ? may have size 1 or the other size (%i x %i with 2 x 5)', async (batch, length) => {
    const x = noise([2, 5, 3]);
    const y = noise([batch, length, 3], 2);
    const result = await run(
      [
        [x, ['B', 'T', 3]],
        [y, ['?B', '?T', 3]],
      ],
      (p, q) => ops.add(p!, q!),
    );
    expectClose(
      result,
      tensor([2, 5, 3], (i, j, k) => at(x, i, j, k) + at(y, i % batch, j % length, k)),
    );
  });

  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  test.each<[string, (x: Value) => Value, (x: number) => number]>([
    ['tanh', ops.tanh, Math.tanh],
    ['sin', ops.sin, Math.sin],
    ['sigmoid', ops.sigmoid, sigmoid],
    ['silu', ops.silu, (x) => x * sigmoid(x)],
    ['gelu', ops.gelu, (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))],
  ])('%s', async (_, op, plain) => {
    const x = tensor([97], (i) => (i - 48) / 6);
    expectClose(
      await run([x], (value) => op(value!)),
      tensor([97], (i) => plain(at(x, i))),
      5e-6,
    );
  });

  test('sqrt', async () => {
    const x = tensor([9], (i) => i * i);
    expectClose(
      await run([x], (value) => ops.sqrt(value!)),
      tensor([9], (i) => i),
    );
  });
});

describe('over an axis', () => {
  const x = noise([2, 3, 4]);

  test('softmax over the last, large values too', async () => {
    const large = tensor([2, 3, 4], (i, j, k) => 1000 + 5 * at(x, i, j, k));
    const total = (i: number, j: number) => sumOver(4, (k) => Math.exp(at(large, i, j, k) - 1000));
    const expected = tensor([2, 3, 4], (i, j, k) => Math.exp(at(large, i, j, k) - 1000) / total(i, j));
    expectClose(await run([large], (value) => ops.softmax(value!)), expected);
  });

  test.each([1, -2])('mean and sum over axis %i', async (axis) => {
    const sum = tensor([2, 1, 4], (i, _, k) => sumOver(3, (j) => at(x, i, j, k)));
    expectClose(await run([x], (value) => ops.sum(value!, axis)), sum);
    const mean = { ...sum, data: sum.data.map((value) => value / 3) };
    expectClose(await run([x], (value) => ops.mean(value!, axis)), mean);
  });

  test('rmsNorm', async () => {
    const scale = noise([4], 3);
    const rms = (i: number, j: number) => Math.sqrt(sumOver(4, (k) => at(x, i, j, k) ** 2) / 4 + 1e-2);
    expectClose(
      await run([x, scale], (value, s) => ops.rmsNorm(value!, s!, 1e-2)),
      tensor([2, 3, 4], (i, j, k) => (at(x, i, j, k) / rms(i, j)) * at(scale, k)),
    );
  });

  test.each([true, false])('layerNorm (with bias: %s)', async (biased) => {
    const [scale, bias] = [noise([4], 3), noise([4], 4)];
    const mean = (i: number, j: number) => sumOver(4, (k) => at(x, i, j, k)) / 4;
    const variance = (i: number, j: number) => sumOver(4, (k) => (at(x, i, j, k) - mean(i, j)) ** 2) / 4;
    expectClose(
      await run([x, scale, bias], (value, s, b) => {
        const normed = ops.layerNorm(value!, s!, biased ? b! : undefined, 1e-2);
        return biased ? normed : ops.add(normed, b!);
      }),
      tensor(
        [2, 3, 4],
        (i, j, k) => ((at(x, i, j, k) - mean(i, j)) / Math.sqrt(variance(i, j) + 1e-2)) * at(scale, k) + at(bias, k),
      ),
    );
  });

  test('l2Norm, which leaves zeros zero', async () => {
    const withZeros = tensor([2, 3, 4], (i, j, k) => (j === 1 ? 0 : at(x, i, j, k)));
    const length = (i: number, j: number) => Math.max(Math.sqrt(sumOver(4, (k) => at(withZeros, i, j, k) ** 2)), 1e-6);
    expectClose(
      await run([withZeros], (value) => ops.l2Norm(value!, 1e-6)),
      tensor([2, 3, 4], (i, j, k) => at(withZeros, i, j, k) / length(i, j)),
    );
  });
});

describe('products', () => {
  test('matmul of batches, the batch axes broadcast', async () => {
    const [a, b] = [noise([2, 3, 4, 5]), noise([3, 5, 6], 2)];
    expectClose(
      await run([[a, ['B', 3, 'T', 5]], b], (x, y) => ops.matmul(x!, y!)),
      tensor([2, 3, 4, 6], (i, h, j, k) => sumOver(5, (l) => at(a, i, h, j, l) * at(b, h, l, k))),
    );
  });

  test.each([[[3, 5]], [[2, 3, 5]]])('linear on [%s], with and without bias', async (shape: number[]) => {
    const [x, weight, bias] = [noise(shape), noise([4, 5], 2), noise([4], 3)];
    const product = (...index: number[]) => {
      const [row, out] = [index.slice(0, -1), index.at(-1)!];
      return sumOver(5, (l) => at(x, ...row, l) * at(weight, out, l));
    };
    const out = [...shape.slice(0, -1), 4];
    expectClose(await run([x, weight], (v, w) => ops.linear(v!, w!)), tensor(out, product));
    expectClose(
      await run([x, weight, bias], (v, w, b) => ops.linear(v!, w!, b)),
      tensor(out, (...index) => product(...index) + at(bias, index.at(-1)!)),
    );
  });

  test.each([
    { groups: 1, padding: 0, kernel: 1 },
    { groups: 1, padding: 1, kernel: 3 },
    { groups: 2, padding: 2, kernel: 3 },
    { groups: 6, padding: 8, kernel: 17 },
  ])('conv1d with $groups groups, kernel $kernel, padding $padding', async ({ groups, padding, kernel }) => {
    const [x, weight, bias] = [noise([2, 6, 9]), noise([6, 6 / groups, kernel], 2), noise([6], 3)];
    const padded = (i: number, c: number, t: number) => (t < 0 || t >= 9 ? 0 : at(x, i, c, t));
    const convolved = (i: number, out: number, t: number) => {
      const first = Math.floor((out * groups) / 6) * (6 / groups);
      return sumOver(6 / groups, (c) =>
        sumOver(kernel, (k) => padded(i, first + c, t + k - padding) * at(weight, out, c, k)),
      );
    };
    const shape = [2, 6, 9 + 2 * padding - kernel + 1];
    const known = [x, ['B', 6, 'T']] as [Tensor, (number | string)[]];
    expectClose(
      await run([known, weight, bias], (v, w, b) => ops.conv1d(v!, w!, { groups, padding, bias: b! })),
      tensor(shape, (i, out, t) => convolved(i, out, t) + at(bias, out)),
    );
    expectClose(
      await run([known, weight], (v, w) => ops.conv1d(v!, w!, { groups, padding })),
      tensor(shape, convolved),
    );
  });

  test.each([
    ['full sequences', 5, 7],
    ['a single key', 4, 1],
  ])('multi-head attention over %s', async (_, n, m) => {
    const heads = 2;
    const [q, k, v] = [noise([2, n, 8]), noise([2, m, 8], 2), noise([2, m, 8], 3)];
    const score = (i: number, h: number, row: number, column: number) =>
      Math.exp(0.7 * sumOver(4, (d) => at(q, i, row, h * 4 + d) * at(k, i, column, h * 4 + d)));
    expectClose(
      await run(
        [
          [q, ['B', 'T', 8]],
          [k, ['B', 'N', 8]],
          [v, ['B', 'N', 8]],
        ],
        (a, b, c) => ops.multiHeadAttention(a!, b!, c!, heads, 0.7),
      ),
      tensor([2, n, 8], (i, row, channel) => {
        const h = Math.floor(channel / 4);
        const total = sumOver(m, (column) => score(i, h, row, column));
        return sumOver(m, (column) => (score(i, h, row, column) / total) * at(v, i, column, channel));
      }),
    );
  });

  test('rotary embedding turns channel i with i + frequencies, and leaves the others', async () => {
    const [heads, width, frequencies] = [2, 10, 3];
    const x = noise([2, 5, heads * width]);
    const angles = tensor([5, frequencies], (n, f) => n * 10 ** -f);
    expectClose(
      await run(
        [
          [x, ['B', 'T', heads * width]],
          [angles, ['T', frequencies]],
        ],
        (value, turn) => ops.rotary(value!, turn!, heads),
      ),
      tensor([2, 5, heads * width], (i, n, channel) => {
        const inHead = channel % width;
        if (inHead >= 2 * frequencies) return at(x, i, n, channel);
        const angle = at(angles, n, inHead % frequencies);
        const first = inHead < frequencies;
        const partner = at(x, i, n, first ? channel + frequencies : channel - frequencies);
        return at(x, i, n, channel) * Math.cos(angle) + (first ? -partner : partner) * Math.sin(angle);
      }),
    );
  });
});

describe('moving elements', () => {
  const x = noise([2, 6, 3]);
  const symbolic = [x, ['B', 'T', 3]] as [Tensor, (number | string)[]];

  test('concat along an axis of unknown size', async () => {
    const y = noise([2, 4, 3], 2);
    expectClose(
      await run([[y, ['B', 4, 3]], symbolic], (a, b) => ops.concat([a!, b!, a!], -2)),
      tensor([2, 14, 3], (i, j, k) => (j >= 4 && j < 10 ? at(x, i, j - 4, k) : at(y, i, j % 10, k))),
    );
  });

  test.each([0, 1, 2])('part %i of a split', async (part) => {
    expectClose(
      await run([x], (value) => ops.split(value!, 3, 1)[part]!),
      tensor([2, 2, 3], (i, j, k) => at(x, i, 2 * part + j, k)),
    );
  });

  test('a split along the last axis, in order', async () => {
    const result = await run([symbolic], (value) => ops.concat(ops.split(value!, 3).toReversed(), 2));
    expectClose(
      result,
      tensor([2, 6, 3], (i, j, k) => at(x, i, j, 2 - k)),
    );
  });

  test.each([
    [1, 4, 3],
    [-2, Number.MAX_SAFE_INTEGER, 2],
    [0, -1, 5],
    [4, 4, 0],
  ])('a slice from %i to %i', async (start, end, size) => {
    const from = start < 0 ? start + 6 : start;
    const expected = tensor([2, size, 3], (i, j, k) => at(x, i, from + j, k));
    expectClose(await run([x], (value) => ops.slice(value!, 1, start, end, size)), expected);
    expectClose(await run([symbolic], (value) => ops.slice(value!, 1, start, end, size)), expected);
  });

  test('dropFirst', async () => {
    expectClose(
      await run([symbolic], (value) => ops.dropFirst(value!, 1, 2)),
      tensor([2, 4, 3], (i, j, k) => at(x, i, j + 2, k)),
    );
  });

  test('pad', async () => {
    expectClose(
      await run([symbolic], (value) => ops.pad(value!, -2, 2, 1)),
      tensor([2, 9, 3], (i, j, k) => (j < 2 || j > 7 ? 0 : at(x, i, j - 2, k))),
    );
  });

  test('transpose', async () => {
    expectClose(
      await run([symbolic], (value) => ops.transpose(value!, [2, 0, 1])),
      tensor([3, 2, 6], (k, i, j) => at(x, i, j, k)),
    );
  });

  test.each([[[2, 18]], [[36]], [[3, 3, 4]]])('reshape to [%s]', async (shape: number[]) => {
    expectClose(await run([x], (value) => ops.reshape(value!, shape)), { data: x.data, shape });
  });

  test('reshape with unknown sizes, kept and moved', async () => {
    const result = await run([symbolic], (value) =>
      ops.reshape(ops.reshape(value!, ['B', 'T', 3, 1]), ['B', 1, '3*T']),
    );
    expectClose(result, { data: x.data, shape: [2, 1, 18] });
  });

  test('expand to a size of another value', async () => {
    const one = noise([1, 4], 2);
    expectClose(
      await run([one, symbolic], (value, like) => ops.expand(value!, 0, like!)),
      tensor([2, 4], (_, j) => at(one, 0, j)),
    );
  });

  test.each([
    ['known', [2, 6, 3]],
    ['unknown', ['B', 'T', 3]],
  ])('positions along an axis of %s size', async (_, shape: (number | string)[]) => {
    const result = await run([[x, shape]], (value) =>
      ops.add(ops.positions(value!, 1), ops.mul(ops.mean(ops.mean(ops.mean(value!, 0), 1), 2), 0)),
    );
    expect([...result.data]).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
