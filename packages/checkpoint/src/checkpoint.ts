import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isFolder } from '@retone/common';
import type { AutoencoderModelConfig, ModelConfig } from './config.ts';
import { CheckpointError } from './errors.ts';
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

/** @throws CheckpointError when a file is absent, malformed, or asks for something Retone does not know. */
export function openCheckpoint(folder: string): Checkpoint {
  if (!isFolder(folder)) {
    throw new CheckpointError('not-found', `${folder} is not a folder with model_config.json and model.safetensors`);
  }
  const config = parseModelConfig(readJson(join(folder, 'model_config.json')), join(folder, 'model_config.json'));
  const file = openWeights(folder);
  let text: TextCheckpoint | undefined;
  let words: Words | undefined;
  try {
    const wordsFile = join(folder, 'words.json');
    if (existsSync(wordsFile)) words = parseWords(readJson(wordsFile), wordsFile);
    const source = textEncoderOf(config);
    if (source) text = openText(folder, source.folder);
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
export function openAutoencoder(folder: string): AutoencoderCheckpoint {
  const path = join(folder, 'model_config.json');
  const json = readJson(path);
  const config = isAutoencoderAlone(json) ? parseAutoencoderConfig(json, path) : parseModelConfig(json, path);
  return { config, file: openWeights(folder) };
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

function openText(folder: string, subfolder: string): TextCheckpoint {
  const at = (name: string) => join(folder, subfolder, name);
  if (!existsSync(at('config.json'))) {
    throw new CheckpointError('not-found', `${folder} has no text encoder: ${subfolder}/config.json is missing`);
  }
  return {
    config: parseTextConfig(readJson(at('config.json')), at('config.json')),
    tokenizer: readJson(at('tokenizer.json')),
    tokenizerConfig: readJson(at('tokenizer_config.json')),
    file: openWeights(join(folder, subfolder)),
  };
}
