import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A file of a package, or files by condition ("browser", "default"). */
type Target = string | Record<string, string>;
type Targets = Record<string, Target>;

export interface Manifest {
  name: string;
  version: string;
  private?: boolean;
  exports?: string | Targets;
  imports?: Targets;
  bin?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  scripts?: Record<string, string>;
  [field: string]: unknown;
}

/** The oldest Node.js that everything runs on. */
const engines = { node: '>=24' };

/** The package.json that a room is published with: exact versions of what it was tested with, and nothing for development. */
export function manifestOf(manifest: Manifest, folder: string): object {
  const {
    private: _private,
    devDependencies: _dev,
    scripts: _scripts,
    exports,
    imports,
    dependencies = {},
    ...rest
  } = manifest;
  return {
    ...rest,
    ...(exports === undefined ? {} : { exports: published(typeof exports === 'string' ? { '.': exports } : exports) }),
    ...(imports === undefined ? {} : { imports: published(imports) }),
    engines,
    files: ['src', 'dist', 'models', 'folder.js', 'folder.d.ts'],
    dependencies: Object.fromEntries(
      Object.keys(dependencies).map((name) => dependencyOf(name, manifest.version, folder)),
    ),
    publishConfig: { access: 'public', provenance: true },
  };
}

function dependencyOf(name: string, version: string, folder: string): [string, string] {
  if (name.startsWith('@retone/')) return [name, version];
  const installed = installedVersion(name, folder);
  // Its binaries for one platform, without its install script: see onnx-runtime.ts.
  return name === 'onnxruntime-node' ? ['@retone/onnxruntime', installed] : [name, installed];
}

/** The version of a package that a folder's code gets. */
function installedVersion(name: string, folder: string): string {
  for (const path of createRequire(join(folder, 'package.json')).resolve.paths(name) ?? []) {
    const file = join(path, name, 'package.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).version;
  }
  throw new Error(`${name} is not installed for ${dirname(folder)}`);
}

/** Exports or imports as JavaScript with declarations; those for tests are not published. */
function published(targets: Targets): object {
  const kept = Object.entries(targets).filter(
    ([, target]) => typeof target !== 'string' || !target.startsWith('./test/'),
  );
  return Object.fromEntries(kept.map(([name, target]) => [name, compiled(target)]));
}

function compiled(target: Target): object {
  if (typeof target !== 'string')
    return Object.fromEntries(Object.entries(target).map(([condition, path]) => [condition, compiled(path)]));
  return { types: target.replace(/\.ts$/, '.d.ts'), default: target.replace(/\.ts$/, '.js') };
}
