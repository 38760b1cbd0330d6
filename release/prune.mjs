import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

// Runs after npm ci in a clone, and removes what this machine cannot use: ONNX Runtime for other systems (243 MB) and for browsers'
// graphics processors (122 MB), and headers and npm of the pinned Node.js (68 MB). Without development packages (--omit=dev) it also
// removes source maps and type declarations of packages (61 MB), which only development reads. Plain JavaScript, since any Node.js
// may run it. npm ci puts everything back.

const modules = join(import.meta.dirname, '../node_modules');
const isProduction = process.argv.includes('--production') || /\bdev\b/.test(process.env.npm_config_omit ?? '');

const systems = join(modules, 'onnxruntime-node/bin/napi-v6');
for (const os of list(systems)) {
  if (os !== process.platform) remove(systems, os);
  else for (const cpu of list(join(systems, os))) if (cpu !== process.arch) remove(systems, os, cpu);
}

// Of the builds of ONNX Runtime for browsers, the page has the one for processors.
const web = join(modules, 'onnxruntime-web/dist');
for (const name of list(web))
  if (!/^ort\.wasm\.min\.mjs$|^ort-wasm-simd-threaded\.(mjs|wasm)$/.test(name)) remove(web, name);

const nested = join(modules, 'node/node_modules');
for (const name of list(nested)) for (const part of ['include', 'lib', 'share']) remove(nested, name, part);

if (isProduction && existsSync(modules)) removeUnread(modules);

/** Removes source maps and declarations below a folder. Links, which lead to Retone's own packages, are not followed. */
function removeUnread(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeUnread(join(folder, entry.name));
    else if (entry.isFile() && /\.(map|d\.[cm]?ts)$/.test(entry.name)) remove(folder, entry.name);
  }
}

function list(folder) {
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
}

function remove(...path) {
  rmSync(join(...path), { recursive: true, force: true });
}
