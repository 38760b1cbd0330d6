import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../src');

test('no two folders of the page import each other', () => {
  const imports = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!/\.tsx?$/.test(entry.name)) continue;
    const folder = (path: string) => relative(root, path).split(sep)[0]!;
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    for (const [, path] of text.matchAll(/from '(\.[^']+)'/g)) {
      const to = dirname(normalize(join(entry.parentPath, path!)));
      if (to !== root && folder(to) !== folder(entry.parentPath)) {
        imports.set(`${folder(entry.parentPath)} ${folder(to)}`, `${entry.name} imports ${path}`);
      }
    }
  }
  const circles = [...imports].filter(([pair]) => imports.has(pair.split(' ').toReversed().join(' ')));
  expect(circles).toEqual([]);
});
