import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { updated } from '../architecture.ts';
import { circle, root } from '../source.ts';

test('the diagram in docs/architecture.md shows the imports of the package.json files', () => {
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  expect(updated(text)).toBe(text);
});

test.each([
  ['no circle', { a: ['b', 'c'], b: ['c'], c: [] }, undefined],
  ['a circle of two', { a: ['b'], b: ['a'] }, ['a', 'b', 'a']],
  ['a circle behind others', { a: ['b'], b: ['c'], c: ['d'], d: ['b'] }, ['b', 'c', 'd', 'b']],
  ['something that imports itself', { a: ['a'] }, ['a', 'a']],
])('%s is found', (_name, graph, expected) => {
  expect(circle(new Map(Object.entries(graph)))).toEqual(expected);
});
