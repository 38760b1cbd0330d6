import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

// Runs after npm ci in a clone, and removes what this machine cannot use: ONNX Runtime for other systems (220 MB), and headers and
// npm of the pinned Node.js (65 MB). Plain JavaScript, since any Node.js may run it. npm ci puts back what is missing.

const modules = join(import.meta.dirname, '../node_modules');

const systems = join(modules, 'onnxruntime-node/bin/napi-v6');
for (const os of list(systems)) {
  if (os !== process.platform) remove(systems, os);
  else for (const cpu of list(join(systems, os))) if (cpu !== process.arch) remove(systems, os, cpu);
}

const nested = join(modules, 'node/node_modules');
for (const name of list(nested)) for (const part of ['include', 'lib', 'share']) remove(nested, name, part);

function list(folder) {
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
}

function remove(...path) {
  rmSync(join(...path), { recursive: true, force: true });
}
