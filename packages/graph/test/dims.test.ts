import { describe, expect, test } from 'vitest';
import { addDims, broadcast, type Dim, elementCount, type Shape, scaleDim } from '../src/dims.ts';

describe('sizes that are known only at run time', () => {
  test.each<[Dim, Dim, Dim]>([
    [3, 4, 7],
    ['T', 0, 'T'],
    ['T', 64, 'T+64'],
    [64, 'T', 'T+64'],
    ['T', -2, 'T-2'],
    ['T+64', -64, 'T'],
    ['T+2', 'T-5', '2*T-3'],
    ['17*T', 'T', '18*T'],
    ['?T', 1, '?T+1'],
  ])('%s plus %s is %s', (a, b, sum) => {
    expect(addDims(a, b)).toBe(sum);
  });

  test.each<[Dim, number, Dim]>([
    [3, 4, 12],
    ['T', 17, '17*T'],
    ['2*T-3', 3, '6*T-9'],
    ['T', 1, 'T'],
    ['T+1', 0, 0],
  ])('%s times %s is %s', (a, factor, product) => {
    expect(scaleDim(a, factor)).toBe(product);
  });

  test('two names cannot be added', () => {
    expect(() => addDims('T', 'N')).toThrow(TypeError);
  });

  test.each(['', '2T', 'T*2', 'T+N', 'T+', '-T', 'a b'])('"%s" is not a size', (text) => {
    expect(() => addDims(text, 1)).toThrow(TypeError);
  });
});

describe('numbers of elements', () => {
  test.each<[Shape, Shape]>([
    [[], [1, 1]],
    [
      [2, 6],
      [3, 4],
    ],
    [
      ['B', 'T', 6],
      ['B', 2, 'T', 3],
    ],
    [
      ['T', 'B'],
      ['B', 'T'],
    ],
    [
      ['34*T', 8],
      [2, '17*T', 8],
    ],
    [['4*T+2'], [2, '2*T+1']],
    [
      [3, '2*T-4'],
      [6, 'T-2'],
    ],
    [
      [0, 5],
      [7, 0],
    ],
  ])('[%s] and [%s] have as many', (a, b) => {
    expect(elementCount(a)).toBe(elementCount(b));
  });

  test.each<[Shape, Shape]>([
    [[2, 3], [5]],
    [['T'], ['N']],
    [
      ['T', 2],
      ['T', 'T'],
    ],
    [['T+1'], ['T']],
    [['2*T'], ['T']],
    [['T'], [7]],
  ])('[%s] and [%s] have not, or not always', (a, b) => {
    expect(elementCount(a)).not.toBe(elementCount(b));
  });
});

describe('broadcasting', () => {
  test.each<[Shape, Shape, Shape]>([
    [[], [2, 3], [2, 3]],
    [[3], [2, 3], [2, 3]],
    [
      [2, 1, 3],
      [4, 1],
      [2, 4, 3],
    ],
    [['B', 'T', 8], [8], ['B', 'T', 8]],
    [
      ['B', 1, 8],
      ['B', 'T', 1],
      ['B', 'T', 8],
    ],
    [
      ['?B', '?T', 8],
      ['B', 'T', 8],
      ['B', 'T', 8],
    ],
    [
      ['B', 'T', 8],
      ['?B', 1, 8],
      ['B', 'T', 8],
    ],
    [
      ['?B', 8],
      [1, 8],
      ['?B', 8],
    ],
    [['T+64'], ['?T+64'], ['T+64']],
  ])('[%s] with [%s] gives [%s]', (a, b, result) => {
    expect(broadcast(a, b)).toEqual(result);
    expect(broadcast(b, a)).toEqual(result);
  });

  test.each<[Shape, Shape]>([
    [[2], [3]],
    [['T'], ['N']],
    [['T'], [8]],
    [['?T'], ['N']],
    [['T'], ['2*T']],
    [
      [2, 3],
      [2, 4],
    ],
  ])('[%s] does not fit [%s]', (a, b) => {
    expect(() => broadcast(a, b)).toThrow(/cannot broadcast/);
  });
});
