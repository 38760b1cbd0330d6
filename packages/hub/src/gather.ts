import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, isAutoencoderAlone, openAutoencoder, openCheckpoint, readJson } from '@retone/checkpoint';
import { checkSpace } from './disk.ts';
import type { DownloadOptions } from './download.ts';
import { HubError } from './errors.ts';
import type { Installation, WantedFile } from './installation.ts';
import type { InstallRecord } from './record.ts';

/** A file that a model is to have, and how it is got. */
export interface Part extends WantedFile {
  /** Makes `target` be the file; answers its SHA-256. */
  get(target: string, options: DownloadOptions): Promise<string>;
}

/** How far the gathering of a model is. */
export interface GatherProgress {
  /** The file at hand. */
  path: string;
  /** Bytes that are there, and bytes in all. */
  done: number;
  total: number;
  /** Of those that are there, how many came now. */
  fetched: number;
}

export interface GatherOptions {
  /** The folder of installed models, for its disk. */
  models: string;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: GatherProgress) => void) | undefined;
}

/**
 * Gathers every part of a model.
 *
 * @returns what its files are, and how many bytes came now
 * @throws HubError when the disk is too small, before anything is fetched, or when the files are not a checkpoint
 */
export async function gather(
  installation: Installation,
  parts: readonly Part[],
  { models, signal, onProgress }: GatherOptions,
): Promise<{ files: InstallRecord['files']; fetched: number }> {
  await checkSpace(models, await installation.prepare(parts));
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  const files: InstallRecord['files'] = [];
  let [done, fetched] = [0, 0];
  for (const { path, size, get } of parts) {
    const onBytes = (count: number, isNew: boolean) => {
      done += count;
      if (isNew) fetched += count;
      onProgress?.({ path, done, total, fetched });
    };
    const sha256 = await get(installation.at(path), { signal, onBytes });
    files.push({ path, size, sha256 });
  }
  const problem = problemOf(installation.staged);
  if (problem) {
    await rm(installation.staged, { recursive: true });
    throw new HubError('not-a-model', `all files are there, but Retone cannot use them: ${problem}`);
  }
  return { files, fetched };
}

/** Why a folder cannot be opened as a checkpoint, if it cannot. */
export function problemOf(folder: string): string | undefined {
  try {
    const alone = isAutoencoderAlone(readJson(join(folder, 'model_config.json')));
    if (alone) openAutoencoder(folder).file.close();
    else openCheckpoint(folder).close();
    return undefined;
  } catch (error) {
    if (error instanceof CheckpointError) return error.message;
    throw error;
  }
}
