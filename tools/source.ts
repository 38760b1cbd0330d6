import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** A node of a syntax tree in ESTree's form. */
export interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** A TypeScript file of the repository. */
export interface Source {
  /** From the top of the repository. */
  path: string;
  text: string;
  program: Node;
}

export const root = join(import.meta.dirname, '..');

/** The TypeScript files of the repository, those of git and those that are new. */
export function sources(): Source[] {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.tsx'], {
    cwd: root,
    encoding: 'utf8',
  });
  return list
    .split('\n')
    .filter((path) => path && !path.endsWith('.d.ts') && existsSync(join(root, path)))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      const program = parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' }) as unknown as Node;
      return { path, text, program };
    });
}

/** A node, and every node below it. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of [value].flat()) {
      if (typeof child === 'object' && child !== null && 'type' in child) yield* nodesOf(child as Node);
    }
  }
}

/** What a file imports, types included, as written: `./lengths.ts`, `@retone/audio`. */
export function importsOf({ program }: Source): string[] {
  return [...nodesOf(program)]
    .filter((node) => /^(Import|ExportNamed|ExportAll)Declaration$|^(TS)?Import(Expression|Type)$/.test(node.type))
    .map((node) => (node.source as { value?: unknown } | null | undefined)?.value)
    .filter((value) => typeof value === 'string');
}

/** The file that a relative import of another file names. */
export function resolved(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? join(dirname(from), specifier) : undefined;
}

/** The names of the workspace's packages and what each depends on, from their `package.json`. */
export function packages(): Map<string, string[]> {
  const paths = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*/*/package.json'], {
    cwd: root,
    encoding: 'utf8',
  });
  return new Map(
    paths
      .split('\n')
      .filter((path) => path && existsSync(join(root, path)))
      .map((path) => {
        const { name, dependencies = {} } = JSON.parse(readFileSync(join(root, path), 'utf8'));
        return [name, Object.keys(dependencies).filter((each) => each.startsWith('@retone/'))] as const;
      }),
  );
}

/** One circle among what points to each other, or undefined if there is none. */
export function circle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string[] | undefined => {
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node];
    if (done.has(node)) return undefined;
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const found = visit(next);
      if (found) return found;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const found = visit(node);
    if (found) return found;
  }
  return undefined;
}
