import { parseAst } from 'rolldown/parseAst';
import { expect, test } from 'vitest';
import { nodeImports } from '../browser.ts';
import { type Node, type Source, sources } from '../source.ts';

const files = sources();

/** The files of the repository, one of them with a line in front. */
function withLine(path: string, line: string): Source[] {
  return files.map((file) => {
    if (file.path !== path) return file;
    const text = `${line}\n${file.text}`;
    return { path, text, program: parseAst(text, { lang: 'ts' }) as unknown as Node };
  });
}

test('a browser loads no module of Node.js', () => {
  expect(nodeImports(files)).toEqual([]);
});

test('an import deep inside is found, with the way to it', () => {
  const [found] = nodeImports(withLine('packages/graph/src/dims.ts', "import { openSync } from 'node:fs';"));
  expect(found).toMatch(
    /^a browser would load node:fs: packages\/engine\/src\/browser\.ts -> .* -> packages\/graph\/src\/dims\.ts$/,
  );
});

test('types of Node.js are not loaded', () => {
  expect(nodeImports(withLine('packages/graph/src/dims.ts', "import type { Stats } from 'node:fs';"))).toEqual([]);
});
