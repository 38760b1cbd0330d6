import { disk } from '#disk';
import type { AutoencoderModelConfig, ModelConfig } from './config.ts';
import { CheckpointError } from './errors.ts';
import { type Files, parted, within } from './files.ts';
import { readJson } from './json.ts';
import {
  isAutoencoderAlone,
  parseAutoencoderConfig,
  parseModelConfig,
  parseTextConfig,
  parseWords,
} from './parse-config.ts';
import type { SafetensorsFile } from './safetensors.ts';
import type { TextEncoderConfig, Words } from './text-config.ts';
import { openWeights } from './weight-files.ts';

/** A checkpoint folder in the official layout, opened: configurations read, weight files open, nothing loaded. */
export interface Checkpoint {
  readonly folder: string;
  readonly config: ModelConfig;
  readonly file: SafetensorsFile;
  /** The text encoder's folder, which the prompt conditioner's configuration names. */
  readonly text: TextCheckpoint | undefined;
  /** The words that the model knows, where its folder says (`words.json`). */
  readonly words: Words | undefined;
  close(): void;
}

export interface TextCheckpoint {
  readonly config: TextEncoderConfig;
  readonly file: SafetensorsFile;
  /** Parsed `tokenizer.json` and `tokenizer_config.json`. */
  readonly tokenizer: unknown;
  readonly tokenizerConfig: unknown;
}

/**
 * @param files where the folder is; default: the disk
 * @throws CheckpointError when a file is absent, malformed, or asks for something Retone does not know
 */
export function openCheckpoint(folder: string, files: Files = disk): Checkpoint {
  if (!files.isFolder(folder)) {
    throw new CheckpointError('not-found', `${folder} is not a folder with model_config.json and model.safetensors`);
  }
  const configFile = within(folder, 'model_config.json');
  const config = parseModelConfig(readJson(configFile, files), configFile);
  const file = openWeights(folder, files);
  let text: TextCheckpoint | undefined;
  let words: Words | undefined;
  try {
    const wordsFile = within(folder, 'words.json');
    if (files.isFile(wordsFile)) words = parseWords(readJson(wordsFile, files), wordsFile);
    const source = textEncoderOf(config);
    if (source) text = openText(within(folder, source.folder), files);
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    folder,
    config,
    file,
    text,
    words,
    close() {
      file.close();
      text?.file.close();
    },
  };
}

/** The part of a checkpoint folder that codes audio, opened: a diffusion model's, or an autoencoder published alone. */
export interface AutoencoderCheckpoint {
  readonly config: ModelConfig | AutoencoderModelConfig;
  readonly file: SafetensorsFile;
}

/** @throws CheckpointError as {@link openCheckpoint}. */
export function openAutoencoder(folder: string, files: Files = disk): AutoencoderCheckpoint {
  const path = within(folder, 'model_config.json');
  const json = readJson(path, files);
  const config = isAutoencoderAlone(json) ? parseAutoencoderConfig(json, path) : parseModelConfig(json, path);
  return { config, file: openWeights(folder, files) };
}

/** Where a checkpoint's text encoder is. */
export interface TextEncoderSource {
  /** The sub-folder of the checkpoint's folder that it is looked for in. */
  folder: string;
  /** The repository that it is published in, and the sub-folder there. */
  repository: string;
  subfolder: string | undefined;
}

/** The text encoder that a configuration's prompt conditioner names, if it has one. */
export function textEncoderOf(config: ModelConfig): TextEncoderSource | undefined {
  const prompt = config.model.conditioning.configs.find((conditioner) => conditioner.type === 't5gemma');
  if (!prompt) return undefined;
  const { model_name: name, repo_id: repository = name, subfolder } = prompt.config;
  return { folder: subfolder ?? name.split('/').at(-1)!, repository, subfolder };
}

function openText(folder: string, files: Files): TextCheckpoint {
  const config = within(folder, 'config.json');
  if (!files.isFile(config)) {
    const [model, name] = parted(folder);
    throw new CheckpointError('not-found', `${model} has no text encoder: ${name}/config.json is missing`);
  }
  return {
    config: parseTextConfig(readJson(config, files), config),
    tokenizer: readJson(within(folder, 'tokenizer.json'), files),
    tokenizerConfig: readJson(within(folder, 'tokenizer_config.json'), files),
    file: openWeights(folder, files),
  };
}
