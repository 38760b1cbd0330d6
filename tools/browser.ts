import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodesOf, root, type Source } from './source.ts';

// The files of the engine that a browser loads, those that its entry reaches under the condition "browser".

/** The engine as a browser bundles it. */
const entry = 'packages/engine/src/browser.ts';

/** The imports of Node.js's own modules that a browser would reach, each with the way to it. */
export function nodeImports(files: readonly Source[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const found: string[] = [];
  const ways = new Map([[entry, [entry]]]);
  for (const [path, way] of ways) {
    const file = byPath.get(path);
    if (!file) throw new Error(`${way.join(' -> ')} is not a file of the repository`);
    for (const specifier of loads(file)) {
      if (specifier.startsWith('node:')) found.push(`a browser would load ${specifier}: ${way.join(' -> ')}`);
      const target = targetOf(path, specifier);
      if (target !== undefined && !ways.has(target)) ways.set(target, [...way, target]);
    }
  }
  return found;
}

/** The imports of a file when it runs, without types. */
function loads({ program }: Source): string[] {
  return [...nodesOf(program)]
    .filter((node) => /^(Import|ExportNamed|ExportAll)Declaration$|^ImportExpression$/.test(node.type))
    .filter(({ importKind, exportKind }) => importKind !== 'type' && exportKind !== 'type')
    .map((node) => (node.source as { value?: unknown } | null | undefined)?.value)
    .filter((value) => typeof value === 'string');
}

/** The file of this repository that an import names; undefined for packages from elsewhere. */
function targetOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return join(from, '..', specifier);
  if (specifier.startsWith('#')) return entryOf(from.split('/').slice(0, 2).join('/'), 'imports', specifier);
  const [, name, inner = ''] = /^@retone\/([^/]+)(\/.+)?$/.exec(specifier) ?? [];
  return name === undefined ? undefined : entryOf(`packages/${name}`, 'exports', `.${inner}`);
}

function entryOf(folder: string, field: 'exports' | 'imports', key: string): string {
  const named = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))[field];
  const target = typeof named === 'string' ? named : named?.[key];
  const path = typeof target === 'string' ? target : (target?.browser ?? target?.default);
  if (typeof path !== 'string') throw new Error(`${folder}/package.json has no ${field} for ${key}`);
  return join(folder, path);
}
