import { basename } from 'node:path';
import { Weights } from '@retone/checkpoint';
import { Graph, ops, type Shape, type Value } from '@retone/graph';
import { afterAll, describe, expect, test } from 'vitest';
import { f16, f32, TestFolder } from '../../checkpoint/test/files.ts';

const folder = new TestFolder();
afterAll(() => folder.remove());

describe('operators refuse what does not fit while the graph is built', () => {
  /** A value of the given shape in a separate graph; several of one call share theirs. */
  const values = (...shapes: Shape[]): Value[] => {
    const graph = new Graph('test');
    return shapes.map((shape, i) => graph.input(`x${i}`, shape));
  };
  const on = (shapes: Shape[], build: (...values: Value[]) => unknown) => () => build(...values(...shapes));

  test.each<[what: string, build: () => unknown]>([
    [
      'add: unequal axes',
      on(
        [
          [2, 3],
          [2, 4],
        ],
        (a, b) => ops.add(a!, b!),
      ),
    ],
    ['mul: a known and an unknown size', on([['T'], [4]], (a, b) => ops.mul(a!, b!))],
    [
      'matmul: inner sizes',
      on(
        [
          [2, 3],
          [4, 5],
        ],
        (a, b) => ops.matmul(a!, b!),
      ),
    ],
    [
      'matmul: batches',
      on(
        [
          [2, 3, 4],
          [5, 4, 6],
        ],
        (a, b) => ops.matmul(a!, b!),
      ),
    ],
    ['matmul: a vector', on([[3], [3, 2]], (a, b) => ops.matmul(a!, b!))],
    [
      'linear: inputs',
      on(
        [
          [7, 3],
          [2, 4],
        ],
        (x, w) => ops.linear(x!, w!),
      ),
    ],
    [
      'linear: a weight of three axes',
      on(
        [
          [7, 3],
          [2, 3, 1],
        ],
        (x, w) => ops.linear(x!, w!),
      ),
    ],
    ['linear: the bias', on([[7, 3], [2, 3], [3]], (x, w, b) => ops.linear(x!, w!, b))],
    [
      'concat: other axes',
      on(
        [
          [2, 3],
          [3, 3],
        ],
        (a, b) => ops.concat([a!, b!], 1),
      ),
    ],
    [
      'concat: numbers of axes',
      on(
        [
          [2, 3],
          [2, 3, 1],
        ],
        (a, b) => ops.concat([a!, b!], 0),
      ),
    ],
    ['concat: two unknown sizes', on([['T'], ['N']], (a, b) => ops.concat([a!, b!], 0))],
    ['concat: nothing', () => ops.concat([], 0)],
    ['concat: no such axis', on([[2], [3]], (a, b) => ops.concat([a!, b!], 1))],
    ['split: an uneven size', on([[2, 7]], (x) => ops.split(x!, 2))],
    ['split: an unknown size', on([[2, 'T']], (x) => ops.split(x!, 2))],
    ['split: no parts', on([[2, 4]], (x) => ops.split(x!, 0))],
    ['slice: another size than it leaves', on([[9]], (x) => ops.slice(x!, 0, 2, 5, 4))],
    ['slice: beyond the end', on([[9]], (x) => ops.slice(x!, 0, 8, 12, 4))],
    ['slice: no such axis', on([[9]], (x) => ops.slice(x!, 1, 0, 1, 1))],
    ['dropFirst: no such axis', on([[9]], (x) => ops.dropFirst(x!, -2, 1))],
    ['reshape: another number of elements', on([[2, 3]], (x) => ops.reshape(x!, [5]))],
    ['reshape: an unknown size for a known one', on([[2, 3]], (x) => ops.reshape(x!, ['T']))],
    ['reshape: two unknown sizes that move', on([['B', 'T', 4]], (x) => ops.reshape(x!, [4, 'B', 'T']))],
    ['transpose: too few axes', on([[2, 3, 4]], (x) => ops.transpose(x!, [1, 0]))],
    ['transpose: an axis twice', on([[2, 3]], (x) => ops.transpose(x!, [1, 1]))],
    ['pad: negative', on([[2, 3]], (x) => ops.pad(x!, 1, -1, 0))],
    [
      'expand: an axis that is not 1',
      on(
        [
          [2, 3],
          [2, 'T'],
        ],
        (x, like) => ops.expand(x!, 1, like!),
      ),
    ],
    ['expand: an axis that the other lacks', on([[2, 1], [2]], (x, like) => ops.expand(x!, 1, like!))],
    ['mean: no such axis', on([[2, 3]], (x) => ops.mean(x!, 2))],
    [
      'rotary: another length',
      on(
        [
          [1, 5, 64],
          [4, 16],
        ],
        (x, angles) => ops.rotary(x!, angles!, 2),
      ),
    ],
    [
      'rotary: heads that do not divide',
      on(
        [
          [1, 5, 64],
          [5, 4],
        ],
        (x, angles) => ops.rotary(x!, angles!, 3),
      ),
    ],
    [
      'rotary: more channels than a head has',
      on(
        [
          [1, 5, 64],
          [5, 17],
        ],
        (x, angles) => ops.rotary(x!, angles!, 2),
      ),
    ],
    ['rmsNorm: the scale', on([[2, 8], [7]], (x, scale) => ops.rmsNorm(x!, scale!, 1e-5))],
    [
      'layerNorm: the scale',
      on(
        [
          [2, 8],
          [2, 8],
        ],
        (x, scale) => ops.layerNorm(x!, scale!, undefined, 1e-5),
      ),
    ],
    ['layerNorm: the bias', on([[2, 8], [8], [1]], (x, scale, bias) => ops.layerNorm(x!, scale!, bias, 1e-5))],
    [
      'attention: widths',
      on(
        [
          [1, 5, 8],
          [1, 6, 4],
          [1, 6, 8],
        ],
        (q, k, v) => ops.multiHeadAttention(q!, k!, v!, 2, 1),
      ),
    ],
    [
      'attention: lengths',
      on(
        [
          [1, 5, 8],
          [1, 6, 8],
          [1, 7, 8],
        ],
        (q, k, v) => ops.multiHeadAttention(q!, k!, v!, 2, 1),
      ),
    ],
    [
      'attention: batches',
      on(
        [
          [2, 5, 8],
          [1, 6, 8],
          [1, 6, 8],
        ],
        (q, k, v) => ops.multiHeadAttention(q!, k!, v!, 2, 1),
      ),
    ],
    [
      'attention: heads that do not divide',
      on(
        [
          [1, 5, 8],
          [1, 6, 8],
          [1, 6, 8],
        ],
        (q, k, v) => ops.multiHeadAttention(q!, k!, v!, 3, 1),
      ),
    ],
    [
      'conv1d: channels',
      on(
        [
          [1, 6, 9],
          [4, 6, 3],
        ],
        (x, w) => ops.conv1d(x!, w!, { groups: 2 }),
      ),
    ],
    [
      'conv1d: two axes',
      on(
        [
          [6, 9],
          [4, 6, 3],
        ],
        (x, w) => ops.conv1d(x!, w!),
      ),
    ],
    ['conv1d: the bias', on([[1, 6, 9], [4, 6, 3], [6]], (x, w, bias) => ops.conv1d(x!, w!, { bias: bias! }))],
    ['a constant of too few values', () => new Graph('test').constant(new Float32Array(5), [2, 3])],
    ['values of two graphs', () => ops.add(values([2])[0]!, values([2])[0]!)],
    ['integers: added', on([[2]], (x) => ops.add(x!, x!.graph.indices([1, 2])))],
    ['integers: added to', on([[2]], (x) => ops.add(x!.graph.indices([1, 2]), x!))],
    ['integers: in front', on([[2]], (x) => ops.tanh(x!.graph.indices([1, 2])))],
    ['integers: concatenated', on([[2]], (x) => ops.concat([x!, x!.graph.indices([1, 2])], 0))],
    ['integers: split', on([[2]], (x) => ops.split(x!.graph.indices([1, 2]), 2))],
  ])('%s', (_, build) => {
    expect(build).toThrow(TypeError);
  });
});

describe('operators know the shapes of their results', () => {
  test.each<[what: string, build: (graph: Graph) => Value, shape: Shape]>([
    ['add', (g) => ops.add(g.input('a', ['B', 1, 8]), g.input('b', ['T', 8])), ['B', 'T', 8]],
    ['matmul', (g) => ops.matmul(g.input('a', ['B', 2, 'T', 3]), g.input('b', [2, 3, 'N'])), ['B', 2, 'T', 'N']],
    ['concat', (g) => ops.concat([g.input('a', ['B', 64, 8]), g.input('b', ['B', 'T', 8])], 1), ['B', 'T+64', 8]],
    ['dropFirst', (g) => ops.dropFirst(g.input('a', ['B', 'T+64', 8]), 1, 64), ['B', 'T', 8]],
    ['pad', (g) => ops.pad(g.input('a', ['B', 'T']), -1, 2, 3), ['B', 'T+5']],
    ['expand', (g) => ops.expand(g.input('a', [1, 64, 8]), 0, g.input('b', ['B', 'T'])), ['B', 64, 8]],
    ['positions', (g) => ops.positions(g.input('a', ['B', 'T+64', 8]), 1), ['T+64']],
    ['transpose', (g) => ops.transpose(g.input('a', ['B', 8, 'T']), [0, 2, 1]), ['B', 'T', 8]],
    ['mean', (g) => ops.mean(g.input('a', ['B', 'T', 8]), 1), ['B', 1, 8]],
    ['conv1d', (g) => ops.conv1d(g.input('a', ['B', 8, 'T']), g.input('w', [4, 8, 3]), { padding: 1 }), ['B', 4, 'T']],
    [
      'attention',
      (g) =>
        ops.multiHeadAttention(
          g.input('q', ['B', 'T', 8]),
          g.input('k', ['B', 'N', 8]),
          g.input('v', ['B', 'N', 4]),
          2,
          1,
        ),
      ['B', 'T', 4],
    ],
  ])('%s', (_, build, shape) => {
    expect(build(new Graph('test')).shape).toEqual(shape);
  });

  test('what would change nothing adds nothing', () => {
    const x = new Graph('test').input('x', [2, 3]);
    expect(ops.concat([x], 1)).toBe(x);
    expect(ops.pad(x, 0, 0, 0)).toBe(x);
    expect(ops.dropFirst(x, 0, 0)).toBe(x);
  });
});

describe('weights', () => {
  test('stay in their file: the graph refers to them', () => {
    const values = Float32Array.from({ length: 50_000 }, (_, i) => Math.sin(i));
    const file = folder.open({ odd: f16([1], [1]), w: f32([50_000], values), half: f16([50_000], values) });
    const weights = new Weights(file);
    const graph = new Graph('test');
    const w = graph.weight('w', weights.get('w', [50_000]));
    const half = graph.weight('half', weights.get('half', [50_000]));
    graph.output('y', ops.add(w, half));
    const { bytes, externalDataFolder } = graph.toOnnx();
    expect(externalDataFolder).toBe(folder.path);
    expect(bytes.length).toBeLessThan(2000);
    const text = Buffer.from(bytes).toString('latin1');
    for (const part of [basename(file.path), String(file.tensors.get('w')!.offset), '200000', '100000']) {
      expect(text).toContain(part);
    }
  });

  test('of one name are one value', () => {
    const weights = new Weights(folder.open({ w: f16([2], [1, 2]) }));
    const graph = new Graph('test');
    expect(graph.weight('w', weights.get('w', [2]))).toBe(graph.weight('w', weights.get('w', [2])));
  });

  test('that are missing still have their shape, so that building continues', () => {
    const value = new Graph('test').weight('w', { kind: 'missing', shape: [4, 8] });
    expect(value).toMatchObject({ type: 'float32', shape: [4, 8] });
  });

  test('in files of two folders are refused', () => {
    const other = new TestFolder();
    const graph = new Graph('test');
    for (const each of [folder, other]) {
      const name = basename(each.path);
      graph.weight(name, new Weights(each.open({ [name]: f32([1], [1]) })).get(name, [1]));
    }
    expect(() => graph.toOnnx()).toThrow(/the weights of graph test are in several folders/);
    other.remove();
  });

  test('that were computed are part of the graph, which then needs no folder', () => {
    const graph = new Graph('test');
    graph.output('y', graph.weight('w', { kind: 'computed', shape: [2], values: Float32Array.of(1, 2) }));
    expect(graph.toOnnx().externalDataFolder).toBeUndefined();
  });
});
