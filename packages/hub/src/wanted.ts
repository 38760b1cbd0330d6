import {
  CheckpointError,
  isAutoencoderAlone,
  isWeightFile,
  parseAutoencoderConfig,
  parseModelConfig,
  type TextEncoderSource,
  textEncoderOf,
  weightFiles,
} from '@retone/checkpoint';
import { HubError } from './errors.ts';
import type { RemoteFile, Repository } from './hub.ts';

/** The models that Stability AI publishes for Stable Audio 3; each is the repository of this name. */
export const publishedModels = [
  'stable-audio-3-small-music',
  'stable-audio-3-small-sfx',
  'stable-audio-3-medium',
  'stable-audio-3-small-music-base',
  'stable-audio-3-small-sfx-base',
  'stable-audio-3-medium-base',
  'SAME-S',
  'SAME-L',
] as const;
const publisher = 'stabilityai';

/** Names of files: those without which nothing works, and those that belong to it where they are. */
interface Names {
  needed: readonly string[];
  optional: readonly string[];
}

const licences = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'NOTICE'];
/** A checkpoint's files, beside its configuration. */
export const checkpointFiles: Names = { needed: ['model.safetensors'], optional: ['words.json', ...licences] };
export const textEncoderFiles: Names = {
  needed: ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'],
  optional: ['special_tokens_map.json', ...licences],
};

/**
 * The repository that a name stands for: one of {@link publishedModels}, with or without "stable-audio-3-", or owner/name.
 *
 * @throws HubError naming the published models
 */
export function repositoryOf(model: string): string {
  if (model.includes('/')) return model;
  const short = (name: string) => name.toLowerCase().replace(/^stable-audio-3-/, '');
  const known = publishedModels.find((name) => short(name) === short(model));
  if (known) return `${publisher}/${known}`;
  throw new HubError(
    'unknown-model',
    `"${model}" is none of the published models, which are ${publishedModels.join(', ')}; any other is named by its ` +
      'repository, owner/name',
  );
}

/**
 * The text encoder that a checkpoint's configuration asks for. Undefined for an autoencoder, which has none.
 *
 * @throws HubError when Retone cannot run such a model
 */
export function textEncoderFor(config: unknown): TextEncoderSource | undefined {
  try {
    if (!isAutoencoderAlone(config)) return textEncoderOf(parseModelConfig(config));
    parseAutoencoderConfig(config);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof CheckpointError)) throw cause;
    throw new HubError('not-a-model', `Retone cannot run this model: ${cause.message}`, { cause });
  }
}

/** Where files are in their source, folder `from`, and their place in the model's folder. Optional ones if they are there. */
export function pathsOf(
  { needed, optional }: Names,
  from: string,
  to: string,
  isThere: (path: string) => boolean,
): { at: string; path: string }[] {
  const inside = (folder: string, name: string) => (folder ? `${folder}/${name}` : name);
  const weights = weightFiles((name) => isThere(inside(from, name)));
  const names = [
    ...needed.flatMap((name) => (isWeightFile(name) ? weights : [name])),
    ...optional.filter((name) => isThere(inside(from, name))),
  ];
  return names.map((name) => ({ at: inside(from, name), path: inside(to, name) }));
}

/** @throws HubError when the repository has no such file, and so is not a checkpoint in the official layout */
export function neededFile(repository: Repository, path: string): RemoteFile {
  const file = repository.files.get(path);
  if (file) return file;
  const others = [...repository.files.keys()].filter((name) => /\.(safetensors|ckpt|json|bin|gguf)$/.test(name));
  throw new HubError(
    'not-a-model',
    `${repository.name} has no ${path}, so it is not a checkpoint that Retone runs (model_config.json and model.safetensors, ` +
      `as Stable Audio 3 has them); it has ${others.slice(0, 5).join(', ') || 'no weights'}${others.length > 5 ? ', ...' : ''}`,
  );
}
