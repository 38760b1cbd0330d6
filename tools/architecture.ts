import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages, root } from './source.ts';

// Draws the diagram of docs/architecture.md from the packages' package.json. `--write` updates the file; without it, the
// command fails if the diagram is out of date.

const path = join(root, 'docs/architecture.md');
const [start, end] = ['<!-- diagram: tools/architecture.ts -->', '<!-- end of diagram -->'];

/** Packages by height: a package is one row above the highest package that it imports. */
function rows(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const heights = new Map<string, number>();
  const heightOf = (name: string): number => {
    const known = heights.get(name);
    if (known !== undefined) return known;
    const height = 1 + Math.max(-1, ...(imports.get(name) ?? []).map(heightOf));
    heights.set(name, height);
    return height;
  };
  for (const name of imports.keys()) heightOf(name);
  const found: string[][] = [];
  for (const [name, height] of heights) found[height] = [...(found[height] ?? []), name];
  return found.map((row) => row.toSorted()).toReversed();
}

/** The diagram as a table in Markdown: the top row first, and for each package what it imports. */
function diagram(): string {
  const imports = packages();
  const short = (name: string) => name.replace('@retone/', '');
  const lines = rows(imports).flatMap((row, i) => {
    const entries = row.map((name) => {
      const below = (imports.get(name) ?? []).map(short).toSorted().join(', ') || '-';
      return `    ${short(name).padEnd(12)}-> ${below}`;
    });
    return i === 0 ? entries : ['', ...entries];
  });
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** The document with the present diagram. */
export function updated(text: string): string {
  const [before, rest] = text.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${path} must have the marks of the diagram`);
  return `${before}${start}\n\n${diagram()}\n\n${end}${after}`;
}

if (import.meta.main) {
  const text = readFileSync(path, 'utf8');
  if (process.argv.includes('--write')) writeFileSync(path, updated(text));
  else if (updated(text) !== text) {
    console.error('the diagram in docs/architecture.md is out of date; run node tools/architecture.ts --write');
    process.exit(1);
  }
}
