import { existsSync, readFileSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { namesIn } from '@retone/common';
import { mistaken } from './content.ts';
import { disk } from './disk.ts';

// Other layouts of models than Stable Audio 3's own: what people download, and what can be done with it.

const official = 'a folder with model_config.json and model.safetensors';

/** Where Hugging Face's cache keeps a repository: the folder of its main revision, else of its only one. */
export function cachedSnapshot(folder: string): string | undefined {
  if (!basename(folder).startsWith('models--')) return undefined;
  const snapshots = join(folder, 'snapshots');
  const main = join(folder, 'refs', 'main');
  const commits = namesIn(snapshots);
  const commit = existsSync(main) ? readFileSync(main, 'utf8').trim() : commits.length === 1 ? commits[0] : undefined;
  return commit && commits.includes(commit) ? join(snapshots, commit) : undefined;
}

/** Explains a path that is not a model, and what to do; undefined if nothing is there. */
export function otherLayout(path: string): string | undefined {
  const stat = statOf(path);
  if (!stat) return undefined;
  return stat.isDirectory() ? otherFolder(path, namesIn(path)) : otherFile(path);
}

function otherFolder(folder: string, names: readonly string[]): string {
  const repositories = [folder, join(folder, 'hub')].flatMap((root) =>
    namesIn(root)
      .filter((name) => name.startsWith('models--'))
      .map((name) => join(root, name)),
  );
  if (repositories.length > 0)
    return `${folder} is Hugging Face's cache; give one of its models: ${repositories.slice(0, 5).join(', ')}`;
  if (basename(folder).startsWith('models--'))
    return `${folder} has no whole snapshot of main in Hugging Face's cache; download it again, or run retone models pull`;
  if (names.includes('model_index.json'))
    return `${folder} has the layout of diffusers (model_index.json); Retone reads the original one, ${official}: run retone models pull`;
  const inner = names.find((name) => existsSync(join(folder, name, 'model_config.json')));
  if (inner) return `the model is in a folder of ${folder}; give ${join(folder, inner)}`;
  const pickle = names.find((name) => /\.(ckpt|pt|pth|bin)$/i.test(name));
  if (pickle) return `${folder} has ${pickle}, a pickle, which can run code when it is read; Retone reads ${official}`;
  if (names.some((name) => name.endsWith('.safetensors')))
    return `${folder} has weights and no model_config.json, which says what they are; Retone reads ${official}`;
  if (names.some((name) => name.endsWith('.onnx')))
    return `${folder} has ONNX graphs, and Retone builds its own; it reads ${official}`;
  return `${folder} is not a model; Retone reads ${official}`;
}

function otherFile(path: string): string {
  const folder = dirname(path);
  if (existsSync(join(folder, 'model_config.json'))) return `${path} is a file of a model; give its folder, ${folder}`;
  const kind = kindOf(path);
  if (kind) return `${path} ${kind}; Retone reads ${official}`;
  if (/\.(ckpt|pt|pth|bin|pkl)$/i.test(path))
    return `${path} is a pickle, which can run code when it is read; Retone reads ${official}`;
  if (/\.safetensors$/i.test(path))
    return `${path} is a single file, as ComfyUI takes them, without the model_config.json that says what it is; Retone reads ${official}: run retone models pull`;
  return `${path} is a file; Retone reads ${official}`;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function kindOf(path: string): string | undefined {
  try {
    const bytes = disk.open(path);
    const kind = mistaken(bytes);
    bytes.close();
    return kind;
  } catch {
    return undefined;
  }
}
