import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CheckpointError } from './errors.ts';
import { readJson } from './json.ts';
import { cachedSnapshot, otherLayout } from './layouts.ts';
import { isAutoencoderAlone, parseAutoencoderConfig, parseModelConfig } from './parse-config.ts';

/** The model that ships with Retone, and that is used when none is named. */
export const builtInModel = 'retone-small';

/** A checkpoint folder that can be used by name. */
export interface InstalledModel {
  name: string;
  folder: string;
  /** Size of all its files in bytes. */
  bytes: number;
  /** Longest result in seconds; 0 for an autoencoder, which has no limit. */
  maxSeconds: number;
  /** `rf_denoiser` (post-trained, few steps), `rectified_flow`, or `autoencoder` where there is no diffusion model. */
  objective: string;
  /** Why it cannot be used, where something is wrong with its configuration. */
  problem?: string;
}

/** The folder of the models that come with Retone. */
const shippedFolder = fileURLToPath(new URL('../../../models', import.meta.url));

/** The folder that the user's own models are installed in: `RETONE_MODELS`, or one of the user's data folder. */
export function modelsFolder(): string {
  const data = process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share');
  return resolve(process.env.RETONE_MODELS ?? join(data, 'retone', 'models'));
}

/** The installed models, in the order in which names are looked up. */
export function installedModels(): InstalledModel[] {
  return [shippedFolder, modelsFolder()]
    .filter((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter(isModelFolder)
    .map(describe);
}

/**
 * The folder of a model: a path to one, or the name of an installed one.
 *
 * @throws CheckpointError naming the installed models when there is none of this name
 */
export function findModel(nameOrFolder: string = builtInModel): string {
  if (isModelFolder(nameOrFolder)) return resolve(nameOrFolder);
  const cached = cachedSnapshot(resolve(nameOrFolder));
  if (cached && isModelFolder(cached)) return cached;
  const installed = installedModels();
  const found = installed.find(({ name }) => name === nameOrFolder);
  if (found) return found.folder;
  const other = otherLayout(resolve(nameOrFolder));
  if (other) throw new CheckpointError('not-found', other);
  const names = installed.map(({ name }) => name).join(', ') || 'none';
  throw new CheckpointError(
    'not-found',
    `there is no model "${nameOrFolder}"; installed: ${names}. A folder with model_config.json works too`,
  );
}

function isModelFolder(folder: string): boolean {
  return existsSync(join(folder, 'model_config.json'));
}

function describe(folder: string): InstalledModel {
  // Files may be symbolic links, as in Hugging Face's cache.
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false }))
    .filter((stat) => stat?.isFile());
  const bytes = files.reduce((sum, stat) => sum + stat!.size, 0);
  const model = { name: basename(folder), folder, bytes, maxSeconds: 0, objective: 'unknown' };
  try {
    const path = join(folder, 'model_config.json');
    const json = readJson(path);
    if (isAutoencoderAlone(json)) {
      parseAutoencoderConfig(json, path);
      return { ...model, objective: 'autoencoder' };
    }
    const config = parseModelConfig(json, path);
    return {
      ...model,
      maxSeconds: config.sample_size / config.sample_rate,
      objective: config.model.diffusion.diffusion_objective,
    };
  } catch (error) {
    return { ...model, problem: (error as Error).message };
  }
}
