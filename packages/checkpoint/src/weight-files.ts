import { CheckpointError, shown } from './errors.ts';
import { type Files, parted, within } from './files.ts';
import { readJson } from './json.ts';
import { SafetensorsFile } from './safetensors.ts';

const whole = 'model.safetensors';
const index = 'model.safetensors.index.json';
const most = 1000;

/** Names of the files that a checkpoint's weights are in: one, or an index and its shards. */
export function weightFiles(isThere: (name: string) => boolean): string[] {
  if (isThere(whole) || !isThere(index)) return [whole];
  const shards = (total: number) => Array.from({ length: total }, (_, i) => shardName(i + 1, total));
  for (let total = 1; total < most; total++) if (isThere(shardName(1, total))) return [index, ...shards(total)];
  return [index];
}

const shardName = (number: number, total: number) => {
  const digits = (value: number) => String(value).padStart(5, '0');
  return `model-${digits(number)}-of-${digits(total)}.safetensors`;
};

/** Whether a file in a checkpoint's folder is one of its weights or their index. */
export function isWeightFile(name: string): boolean {
  return /^model(-\d+-of-\d+)?\.safetensors(\.index\.json)?$/.test(name);
}

/**
 * The weights in a checkpoint's folder: `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
 *
 * @throws CheckpointError saying what is there instead
 */
export function openWeights(folder: string, files: Files): SafetensorsFile {
  const path = within(folder, whole);
  const names = files.names(folder);
  if (names.includes(whole)) return SafetensorsFile.open(path, files);
  if (names.includes(index)) return openShards(within(folder, index), files);
  const pickle = names.find((name) => /\.(ckpt|pt|pth|bin)$/i.test(name));
  const other = names.find((name) => name.endsWith('.safetensors'));
  const instead = pickle
    ? `; ${pickle} is a pickle, which can run code when it is read: ask for the model as safetensors`
    : other && `; if ${other} has its weights, rename it`;
  throw new CheckpointError('not-found', `there is no file ${path}${instead ?? ''}`);
}

/** The shards of an index as one file. */
function openShards(path: string, files: Files): SafetensorsFile {
  const fail = (what: string): never => {
    throw new CheckpointError('bad-config', `${path} ${what}`);
  };
  const map = (readJson(path, files) as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null) return fail('must have a weight_map that is an object');
  const places = Object.entries(map);
  const bad = places.find(([, shard]) => typeof shard !== 'string' || !/^[\w.-]+\.safetensors$/.test(shard));
  if (bad) return fail(`must name a .safetensors file beside it for ${shown(bad[0])} (got ${shown(bad[1])})`);
  const shards = new Map<string, SafetensorsFile>();
  try {
    for (const name of new Set(places.map(([, shard]) => shard as string)))
      shards.set(name, SafetensorsFile.open(within(parted(path)[0], name), files));
    return SafetensorsFile.joined(
      path,
      places.map(([tensor, shard]) => {
        const file = shards.get(shard as string)!;
        return file.tensors.has(tensor)
          ? [tensor, file]
          : fail(`says that ${shard} has ${tensor}, but that file does not have it`);
      }),
    );
  } catch (error) {
    for (const file of shards.values()) file.close();
    throw error;
  }
}
