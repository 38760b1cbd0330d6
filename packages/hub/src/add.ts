import { existsSync, statSync } from 'node:fs';
import { constants, copyFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { cachedSnapshot, otherLayout, readJson } from '@retone/checkpoint';
import { makeFolder } from '@retone/common';
import { sha256Of } from './content.ts';
import { writeFailure } from './disk.ts';
import { HubError } from './errors.ts';
import type { Part } from './gather.ts';
import { type Installed, type InstallOptions, install } from './install.ts';
import { textEncoder } from './pull.ts';
import { checkpointFiles, pathsOf, textEncoderFiles, textEncoderFor } from './wanted.ts';

/**
 * Installs a model from a folder, such as one that was downloaded by hand: its files are copied. A text encoder that the
 * folder lacks is pulled.
 *
 * @throws HubError; the signal's reason when it is aborted
 */
export async function add(folder: string, options: InstallOptions): Promise<Installed> {
  const given = resolve(folder);
  const cached = cachedSnapshot(given);
  const source = cached ?? given;
  if (!existsSync(join(source, 'model_config.json'))) throw notAModel(source);
  const config = localPart(source, 'model_config.json');
  const json = readJson(join(source, config.path));
  const text = textEncoderFor(json);
  return install(
    // A folder of Hugging Face's cache has the names of owner and model in its own.
    options.name ?? (cached ? basename(given).split('--').at(-1)! : basename(given)),
    source,
    async () => {
      const weights = localParts(source, '', checkpointFiles);
      if (!text) return { parts: [config, ...weights] };
      const hasText = existsSync(join(source, text.folder, 'config.json'));
      const encoder = hasText ? localParts(source, text.folder, textEncoderFiles) : await textEncoder(json, options);
      return { parts: [config, ...weights, ...encoder] };
    },
    options,
  );
}

function notAModel(folder: string): HubError {
  return new HubError('not-a-model', otherLayout(folder) ?? `there is no folder ${folder}`);
}

function localParts(folder: string, inner: string, names: typeof checkpointFiles): Part[] {
  return pathsOf(names, inner, inner, (path) => existsSync(join(folder, path))).map(({ path }) =>
    localPart(folder, path),
  );
}

function localPart(folder: string, path: string): Part {
  const file = join(folder, path);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) {
    throw new HubError(
      'not-a-model',
      `${file} is missing: a checkpoint is a folder with model_config.json, model.safetensors, and its text encoder in a sub-folder`,
    );
  }
  return {
    path,
    size: stat.size,
    async get(target, { signal, onBytes }) {
      makeFolder(dirname(target));
      await copyFile(file, target, constants.COPYFILE_FICLONE).catch((error) =>
        Promise.reject(writeFailure(error, target)),
      );
      return sha256Of(target, { signal, onBytes: (count) => onBytes?.(count, true) });
    },
  };
}
