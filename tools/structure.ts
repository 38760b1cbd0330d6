import { dirname } from 'node:path';
import { nodeImports } from './browser.ts';
import { circle, importsOf, type Node, nodesOf, packages, resolved, type Source, sources } from './source.ts';

// Checks the structure of the code, as part of `npm run lint`: no circle of imports between files, folders or packages,
// no file above 350 lines, no function above 80, no module of Node.js in what browsers load of the engine.

const mostLines = 350;
const mostFunctionLines = 80;

/** Generated files and long lists. */
const tables = ['packages/client/src/api.ts'];

/** Files and folders from before these rules, to be brought within them. No other file may join them. */
const pending = ['apps/web/src/'];

const isExcepted = (path: string) => [...tables, ...pending].some((each) => path.startsWith(each));

/** Every complaint about the files of the repository. */
function complaints(files: readonly Source[]): string[] {
  const imports = new Map(
    files.map((file) => [file.path, importsOf(file).flatMap((specifier) => resolved(file.path, specifier) ?? [])]),
  );
  const folders = new Map<string, string[]>();
  for (const [path, targets] of imports) {
    const own = dirname(path);
    const others = targets
      .map(dirname)
      .filter((folder) => folder !== own && !isInside(folder, own) && !isInside(own, folder));
    if (!own.startsWith('apps/web/src')) folders.set(own, [...(folders.get(own) ?? []), ...others]);
  }
  const circles = [
    ['files', circle(imports)],
    ['folders', circle(folders)],
    ['packages', circle(packages())],
  ] as const;
  return [
    ...circles.flatMap(([what, found]) => (found ? [`circle of ${what}: ${found.join(' -> ')}`] : [])),
    ...files.flatMap(({ path, text }) => {
      const lines = linesOf(text, 0, text.length);
      return lines > mostLines && !isExcepted(path)
        ? [`${path} has ${lines} lines; at most ${mostLines} are allowed`]
        : [];
    }),
    ...files.flatMap(longFunctions),
    ...nodeImports(files),
  ];
}

/** A folder and its subfolders are one room. */
function isInside(folder: string, other: string): boolean {
  return folder.startsWith(`${other}/`);
}

function longFunctions({ path, text, program }: Source): string[] {
  if (isExcepted(path)) return [];
  return [...nodesOf(program)].flatMap((node) => {
    if (!/Function/.test(node.type) || !node.body || isSuite(node)) return [];
    const lines = linesOf(text, node.start, node.end);
    if (lines <= mostFunctionLines) return [];
    const at = linesOf(text, 0, node.start);
    return [`${path}:${at} is a function of ${lines} lines; at most ${mostFunctionLines} are allowed`];
  });
}

/** A group of tests is a list, not a function that somebody has to follow. */
function isSuite({ body }: Node): boolean {
  const { body: statements = [] } = body as { body?: { expression?: Node }[] };
  return [statements].flat().some(({ expression }) => expression?.type === 'CallExpression' && isTest(expression));
}

function isTest(call: Node): boolean {
  return [...nodesOf(call.callee as Node)].some((node) => /^(describe|test|it)$/.test(String(node.name)));
}

function linesOf(text: string, start: number, end: number): number {
  return text.slice(start, end).trimEnd().split('\n').length;
}

const found = complaints(sources());
for (const complaint of found) console.error(complaint);
if (found.length > 0) process.exit(1);
