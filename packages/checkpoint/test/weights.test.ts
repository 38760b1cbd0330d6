import { Weights, weightRows, weightValues } from '@retone/checkpoint';
import { afterAll, describe, expect, test } from 'vitest';
import { errorOf } from './errors.ts';
import { bf16, f16, f32, type StoredTensor, TestFolder } from './files.ts';

const folder = new TestFolder();
afterAll(() => folder.remove());

const weightsOf = (tensors: Record<string, StoredTensor>) => new Weights(folder.open(tensors));

describe('names', () => {
  const stored = { 'model.encoder.norm.weight': f32([2], [1, 2]) };

  test.each(['model.encoder.norm.weight', 'encoder.norm.weight', 'model.norm.weight', 'model.encoder.norm'])(
    'model.encoder.norm.weight is found as %s',
    (name) => {
      const weights = weightsOf(stored);
      expect([...weights.values(name, [2])]).toEqual([1, 2]);
      expect(weights.has(name)).toBe(true);
      expect(weights.shapeOf(name)).toEqual([2]);
    },
  );

  test.each(['text.model.encoder.norm.weight', 'model.encoder.layer.norm.weight', 'model.encoder.norm.weight.value'])(
    'model.encoder.norm.weight is found as %s',
    (name) => {
      expect([...weightsOf(stored).values(name, [2])]).toEqual([1, 2]);
    },
  );

  test.each(['norm.weight', 'model.decoder.norm.weight', 'encoder.model.norm.weight', 'a.b.model.encoder.norm.weight'])(
    'model.encoder.norm.weight is not found as %s',
    (name) => {
      const weights = weightsOf(stored);
      expect(weights.has(name)).toBe(false);
      expect(weights.shapeOf(name)).toBeUndefined();
    },
  );

  test('the exact name comes before similar ones', () => {
    const weights = weightsOf({ 'a.b.w': f32([1], [1]), 'a.w': f32([1], [2]), 'b.w': f32([1], [3]) });
    expect([...weights.values('a.w', [1])]).toEqual([2]);
    expect([...weights.values('b.w', [1])]).toEqual([3]);
  });

  test('several similar names are an error that names them, not a guess', () => {
    const weights = weightsOf({ 'model.encoder.w': f32([1], [1]), 'model.decoder.w': f32([1], [2]) });
    const error = errorOf(() => weights.get('model.w', [1]));
    expect(error.code).toBe('bad-tensor');
    expect(error.message).toMatch(/has no model\.w, and several like it: .*model\.encoder\.w.*model\.decoder\.w/);
  });
});

describe('what was used', () => {
  test('the report distinguishes used, unused and missing tensors', () => {
    const weights = weightsOf({ b: f32([1], [1]), a: f16([2], [1, 2]), spare: f32([3], [1, 2, 3]) });
    weights.get('b', [1]);
    weights.get('a', [2]);
    expect(weights.get('c', [4, 5])).toEqual({ kind: 'missing', shape: [4, 5] });
    weights.has('spare');
    weights.shapeOf('spare');
    expect(weights.report()).toEqual({
      used: ['a', 'b'],
      unused: ['spare'],
      missing: [{ name: 'c', shape: [4, 5] }],
    });
  });

  test('a weight that a checkpoint may lack is not missing', () => {
    const weights = weightsOf({ 'layer.bias': f32([1], [7]) });
    expect(weights.optional('layer.scale', [1])).toBeUndefined();
    expect([...weightValues(weights.optional('layer.bias', [1])!)]).toEqual([7]);
    expect(weights.report()).toEqual({ used: ['layer.bias'], unused: [], missing: [] });
    weights.assertComplete();
  });

  test('all faults are reported in one message', () => {
    const weights = weightsOf({
      misshapen: f32([2, 3], [1, 2, 3, 4, 5, 6]),
      whole: { dtype: 'I32', shape: [1], bytes: new Uint8Array(4) },
      optional: f32([1], [1]),
    });
    weights.get('absent', [1]);
    weights.get('misshapen', [3, 2]);
    weights.get('whole', [1]);
    weights.optional('optional', [2]);
    const error = errorOf(() => weights.assertComplete());
    expect(error.code).toBe('missing-tensors');
    expect(error.message).toContain('absent is missing');
    expect(error.message).toContain('misshapen has shape [2,3], the configuration asks for [3,2]');
    expect(error.message).toContain('whole has dtype I32; weights may be F32, F16, BF16');
    expect(error.message).toContain('optional has shape [1], the configuration asks for [2]');
  });

  test('of very many faults the first five are reported, with the number of the others', () => {
    const weights = weightsOf({});
    for (let i = 0; i < 12; i++) weights.get(`layers.${i}.weight`, [1]);
    const { message } = errorOf(() => weights.assertComplete());
    expect(message).toContain('layers.4.weight is missing (and 7 more)');
    expect(message).not.toContain('layers.5');
  });
});

describe('values', () => {
  const values = [1, -2, 0.5, 4, 5, -6];

  test.each([
    ['F32', f32],
    ['F16', f16],
    ['BF16', bf16],
  ])('%s weights are read as float32, whole or by rows', (dtype, stored) => {
    const weight = weightsOf({ odd: f16([1], [1]), w: stored([3, 2], values) }).get('w', [3, 2]);
    expect(weight).toMatchObject({ kind: 'stored', dtype });
    expect([...weightValues(weight)]).toEqual(values);
    expect([...weightRows(weight, 1, 2)]).toEqual(values.slice(2));
  });

  test('computed weights have rows too, and missing ones no values', () => {
    const computed = { kind: 'computed' as const, shape: [3, 2], values: Float32Array.from(values) };
    expect([...weightRows(computed, 2, 1)]).toEqual([5, -6]);
    expect(weightValues({ kind: 'missing', shape: [3] })).toHaveLength(0);
  });

  test('a transformation sees the name that was asked for and may replace the values', () => {
    const file = folder.open({ 'model.a': f32([2], [1, 2]), 'model.b': f32([1], [5]) });
    const weights = new Weights(file, (name, weight) =>
      name === 'a' ? weightValues(weight).map((value) => value * 10) : undefined,
    );
    expect([...weights.values('a', [2])]).toEqual([10, 20]);
    expect([...weights.values('b', [1])]).toEqual([5]);
    expect(weights.report().unused).toEqual([]);
  });
});

describe('weight norm', () => {
  // Rows of length 5 and 13: the weight is gain * direction / length.
  const gain = f32([2, 1, 1], [10, -26]);
  const direction = f32([2, 2, 1], [3, 4, 5, 12]);
  const folded = [6, 8, -10, -24];

  test.each([
    ['its old names', { 'conv.weight_g': gain, 'conv.weight_v': direction }],
    [
      'its parametrization names',
      { 'conv.parametrizations.weight.original0': gain, 'conv.parametrizations.weight.original1': direction },
    ],
  ])('is folded under %s', (_, tensors) => {
    const weights = weightsOf(tensors);
    const weight = weights.normalised('conv', [2, 2, 1]);
    expect(weight.shape).toEqual([2, 2, 1]);
    expect([...weightValues(weight)].map((value) => Math.round(value * 1e6) / 1e6)).toEqual(folded);
    expect(weights.report().unused).toEqual([]);
    weights.assertComplete();
  });

  test('takes the norm over every axis but the first', () => {
    const weights = weightsOf({
      'conv.weight_g': f32([1, 1, 1], [3]),
      'conv.weight_v': f32([1, 2, 2], [1, 1, 1, 1]),
    });
    expect([...weightValues(weights.normalised('conv', [1, 2, 2]))]).toEqual([1.5, 1.5, 1.5, 1.5]);
  });

  test('is not needed: a plain weight stays in its file', () => {
    const weights = weightsOf({ 'conv.weight': f32([1, 2, 1], [3, 4]) });
    expect(weights.normalised('conv', [1, 2, 1])).toMatchObject({ kind: 'stored' });
  });

  test.each([
    ['neither weight nor norm', {}, 'conv.weight is missing'],
    ['a direction without gain', { 'conv.weight_v': direction }, 'conv.weight_g is missing'],
    ['a misshapen gain', { 'conv.weight_v': direction, 'conv.weight_g': f32([2], [1, 2]) }, 'asks for [2,1,1]'],
    [
      'a misshapen direction',
      { 'conv.weight_v': f32([4], [1, 2, 3, 4]), 'conv.weight_g': gain },
      'conv.weight_v has shape [4], the configuration asks for [2,2,1]',
    ],
  ])('with %s is noted as a fault', (_, tensors: Record<string, StoredTensor>, fault) => {
    const weights = weightsOf(tensors);
    expect(weights.normalised('conv', [2, 2, 1]).kind).toBe('missing');
    expect(errorOf(() => weights.assertComplete()).message).toContain(fault);
  });
});
