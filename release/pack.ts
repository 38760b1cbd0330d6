import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildPage } from '../apps/web/build.ts';
import { type Manifest, manifestOf } from './manifest.ts';
import { onnxRuntimePackages } from './onnx-runtime.ts';

// `npm run release` makes the packages that are published, in build/tarballs: the rooms as JavaScript with type declarations,
// the page and the built-in model inside. Nothing is published by it; docs/releasing.md says how.

const root = join(import.meta.dirname, '..');
const build = join(root, 'build');
const staging = join(build, 'packages');
const tarballs = join(build, 'tarballs');

/**
 * Builds all packages.
 *
 * @param options.everySystem whether ONNX Runtime is packed for every system, or for this one alone
 * @returns the paths of their tarballs
 */
export async function pack({ everySystem = true } = {}): Promise<string[]> {
  rmSync(build, { recursive: true, force: true });
  mkdirSync(tarballs, { recursive: true });
  await buildPage();
  const compiled = join(build, 'compiled');
  npx('tsc', '-p', 'tsconfig.release.json', '--outDir', compiled);
  const folders = [...roomsIn('packages'), ...roomsIn('apps')].map((folder) => stage(folder, compiled));
  folders.push(...onnxRuntimePackages(staging, everySystem));
  const options = ['--silent', '--pack-destination', tarballs];
  const names = execFileSync('npm', ['pack', ...options, ...folders], { cwd: root, encoding: 'utf8' });
  return names
    .trim()
    .split('\n')
    .map((name) => join(tarballs, name));
}

function roomsIn(folder: string): string[] {
  return readdirSync(join(root, folder))
    .map((name) => join(folder, name))
    .filter((name) => existsSync(join(root, name, 'package.json')));
}

/** Puts a package together in a folder of its own. */
function stage(folder: string, compiled: string): string {
  const source = join(root, folder);
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Manifest;
  const target = join(staging, manifest.name);
  const emitted = join(compiled, folder);
  for (const file of filesIn(emitted)) {
    if (/\.(js|d\.ts)$/.test(file))
      write(join(target, file), asPublished(readFileSync(join(emitted, file), 'utf8'), file));
  }
  const extras: Record<string, () => void> = {
    '@retone/web': () => cpSync(join(source, 'dist'), join(target, 'dist'), { recursive: true }),
    '@retone/checkpoint': () => {
      cpSync(join(root, 'models'), join(target, 'models'), { recursive: true });
      replaceIn(join(target, 'src/library.js'), "'../../../models'", "'../models'");
    },
    '@retone/runtime': () =>
      replaceIn(join(target, 'src/doors/onnxruntime.js'), "'onnxruntime-node'", "'@retone/onnxruntime'"),
    retone: () => {
      cpSync(join(source, 'src/retone.js'), join(target, 'src/retone.js'));
      replaceIn(join(target, 'src/retone.js'), './main.ts', './main.js');
      cpSync(join(root, 'README.md'), join(target, 'README.md'));
    },
  };
  extras[manifest.name]?.();
  cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
  write(join(target, 'package.json'), `${JSON.stringify(manifestOf(manifest, source), null, 2)}\n`);
  return target;
}

/** JavaScript and declarations as they are published: what names a source file names what it was compiled to. */
function asPublished(text: string, file: string): string {
  const named = text.replace(/(['"])(\.{0,2}[\w./-]*)\.ts\1/g, (all, quote, path) => {
    const isFile = path.startsWith('.') || /new URL\('[\w-]+\.ts', import\.meta\.url\)/.test(text);
    return isFile ? `${quote}${path}.js${quote}` : all;
  });
  if (/(from|import\()\s*['"]\.[^'"]*\.ts['"]/.test(named)) throw new Error(`${file} still imports TypeScript`);
  return named;
}

function replaceIn(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${file} must have ${from} once`);
  writeFileSync(file, text.replace(from, to));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function npx(command: string, ...args: string[]): void {
  execFileSync(join(root, 'node_modules/.bin', command), args, { cwd: root, stdio: 'inherit' });
}

if (import.meta.main) for (const file of await pack()) console.log(relative(root, file));
