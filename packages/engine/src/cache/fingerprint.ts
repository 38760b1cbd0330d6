import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { SafetensorsFile } from '@retone/checkpoint';

/** A name for what is made of some parts, as JSON tells them apart, and of adapters at their strengths. */
export function fingerprint(
  parts: readonly unknown[],
  adapters: readonly { path: string; strength: number }[],
): string {
  const hash = createHash('sha256');
  const add = (part: unknown) => hash.update(`${JSON.stringify(part)}\n`);
  for (const part of parts) add(part);
  for (const { path, strength } of adapters) {
    add(strength);
    hash.update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 32);
}

/** A file's tensors, size and time of change: its content, without reading gigabytes. */
export function describeFile(file: SafetensorsFile): unknown {
  return [[...file.tensors.values()], file.byteLength, statSync(file.path).mtimeMs];
}
