import { expect, test } from 'vitest';
import { isModelId, modelIds, prices, shortName } from '../src/index.ts';

test('prices are those of the hosted service', () => {
  const inDollars = modelIds.map((id) => [shortName(id), prices[id] / 1e6]);
  expect(Object.fromEntries(inDollars)).toEqual({
    'audio-to-audio': 0.024,
    'text-to-audio': 0.0206,
    music: 0.0217,
    'audio-inpainting': 0.0442,
    'audio-outpainting': 0.0446,
  });
});

test.each(['', 'music', 'toString', '__proto__'])('"%s" is not the id of a model', (id) => {
  expect(isModelId(id)).toBe(false);
});
