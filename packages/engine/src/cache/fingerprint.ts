import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { disk, type SafetensorsFile } from '@retone/checkpoint';
import { type Adapter, adapterFiles } from '../adapter.ts';

/** A name for what is made of some parts, as far as JSON distinguishes them, and of adapters at their strengths. */
export function fingerprint(
  parts: readonly unknown[],
  adapters: readonly Pick<Adapter, 'path' | 'strength' | 'exclude'>[],
): string {
  const hash = createHash('sha256');
  const add = (part: unknown) => hash.update(`${JSON.stringify(part)}\n`);
  for (const part of parts) add(part);
  for (const { path, strength, exclude = [] } of adapters) {
    add([strength, ...exclude]);
    for (const file of Object.values<string>(adapterFiles(path, disk))) hash.update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 32);
}

/** A file's tensors, size and time of change: its content, without reading gigabytes. */
export function describeFile(file: SafetensorsFile): unknown {
  return [[...file.tensors.values()], file.byteLength, ...file.paths.map((path) => statSync(path).mtimeMs)];
}
