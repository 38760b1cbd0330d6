import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { findModel } from '@retone/checkpoint';
import { filesIn } from './files-in.ts';

/**
 * Writes the folder that the page's own engine is loaded from: ONNX Runtime's WebAssembly and a model as it is installed (the
 * built-in one has its weights in 16 bits), all packed, with a list of the files (`files.json`).
 *
 * @param target the folder, made anew
 * @param model the model's folder
 */
export function writeDeviceFolder(target: string, model = findModel()): void {
  mkdirSync(target, { recursive: true });
  const runtime = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
  cpSync(join(runtime, 'ort-wasm-simd-threaded.mjs'), join(target, 'ort.mjs'));
  pack(join(runtime, 'ort-wasm-simd-threaded.wasm'), join(target, 'ort.wasm'));
  for (const path of filesIn(model)) {
    const to = join(target, 'model', path);
    mkdirSync(join(to, '..'), { recursive: true });
    // The model's notice is for people.
    if (path === 'NOTICE') cpSync(join(model, path), to);
    else pack(join(model, path), to);
  }
  cpSync(join(import.meta.dirname, '../../release/onnxruntime-licence.txt'), join(target, 'ort-licence.txt'));
  const files = filesIn(target).filter((path) => path.endsWith('.packed'));
  const list = files.map((path) => ({ path, bytes: statSync(join(target, path)).size }));
  writeFileSync(join(target, 'files.json'), JSON.stringify(list));
}

/** Writes a file compressed. Its name does not end in ".gz": some hosts send such files as what they contain. */
function pack(from: string, to: string): void {
  writeFileSync(`${to}.packed`, gzipSync(readFileSync(from), { level: 9 }));
}

if (import.meta.main) {
  const target = process.argv[2]!;
  writeDeviceFolder(target);
  const bytes = filesIn(target).reduce((sum, path) => sum + statSync(join(target, path)).size, 0);
  console.log(`${basename(target)} has ${(bytes / 1e6).toFixed(1)} MB`);
}
