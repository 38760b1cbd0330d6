import { existsSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { audioFormats, encodeAudio, formatOfFileName, isWritableFormat, type WritableFormat } from '@retone/audio';
import { channelsOf, type Tensor } from '@retone/engine';
import { UsageError } from './arguments.ts';

/** Where a result goes, and as what. */
export interface Output {
  path: string;
  format: WritableFormat;
}

/**
 * Where to write: the path given, or a name made from that of the input, which never overwrites anything.
 *
 * @throws UsageError when the format is none, or its folder does not exist: before any work is done
 */
export function chooseOutput(path: string | undefined, format: string | undefined, base: string): Output {
  const chosen = format ?? (path === undefined ? 'mp3' : formatOfFileName(path)?.name);
  if (chosen === undefined || !isWritableFormat(chosen)) {
    const names = audioFormats.filter((each) => each.writable).map((each) => each.name);
    const what =
      format === undefined ? `the extension of "${path}" is none that Retone writes` : `--format is "${format}"`;
    throw new UsageError(`${what}; it writes ${names.join(', ')}`);
  }
  if (path === undefined) return { path: freeName(base, chosen), format: chosen };
  checkFolder(path);
  return { path, format: chosen };
}

/** @throws UsageError when there is no folder to write a file in */
export function checkFolder(path: string): void {
  const folder = dirname(path);
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new UsageError(`there is no folder "${folder}" to write "${path}" in`);
}

/** Encodes audio [channels, samples] and writes it. */
export async function writeAudio(
  { path, format }: Output,
  audio: Tensor,
  sampleRate: number,
  signal: AbortSignal,
): Promise<void> {
  const bytes = await encodeAudio({ sampleRate, channels: channelsOf(audio) }, format, { signal });
  await writeWhole(path, bytes);
}

/** Writes a file in one go: it is there whole, or not at all. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  try {
    await writeFile(part, bytes);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** A name made from that of the input, of which there is no file yet. */
export function freeName(base: string, extension: string): string {
  const stem =
    base
      .replace(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/^[-.]+|[-.]+$/g, '')
      .slice(0, 60) || 'retone';
  for (let number = 1; ; number++) {
    const name = `${stem}.retone${number === 1 ? '' : `-${number}`}.${extension}`;
    if (!existsSync(name)) return name;
  }
}
