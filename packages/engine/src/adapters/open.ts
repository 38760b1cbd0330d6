import {
  CheckpointError,
  disk,
  type Files,
  parsePeftConfig,
  readJson,
  SafetensorsFile,
  type TensorEntry,
  Weights,
} from '@retone/checkpoint';
import { type Adapter, adapterFiles } from '../adapter.ts';
import { type ForeignAdapter, foreignAdapter } from './foreign.ts';

/** Ways of adapting a weight (spec, section 8). `-xs`: the low-rank bases are singular vectors of the base weight. */
const adapterTypes = [
  'lora',
  'dora-rows',
  'dora-cols',
  'bora',
  'lora-xs',
  'dora-rows-xs',
  'dora-cols-xs',
  'bora-xs',
] as const;

type AdapterType = (typeof adapterTypes)[number];

interface AdapterConfig {
  type: AdapterType;
  rank: number;
  alpha: number;
  include: string[] | undefined;
  exclude: string[] | undefined;
  /** Rank and alpha of single layers, where they have ones of their own. */
  own: Map<string, { rank: number; alpha: number }>;
}

export interface OpenAdapter {
  config: AdapterConfig;
  weights: Weights;
  /** The layout of a file from another program; its tensors have their names once the model's layers are known. */
  foreign: ForeignAdapter | undefined;
  strength: number;
  /** Its place among the adapters that were asked for. */
  index: number;
}

/** The text between a layer's name, which is the checkpoint's less the first component, and a part of its adapter. */
export const infix = '.parametrizations.weight.0.';

/**
 * The type and rank of an adapter file.
 *
 * @throws CheckpointError when it is none
 */
export function readAdapter(path: string, files: Files = disk): { type: string; rank: number } {
  const { config, weights } = openAdapter({ path, strength: 1 }, 0, files);
  weights.file.close();
  return { type: config.type, rank: config.rank };
}

export function openAdapter({ path, strength, exclude = [] }: Adapter, index: number, from: Files): OpenAdapter {
  if (/\.(ckpt|pt|pth|bin|pkl)$/i.test(path)) {
    throw new CheckpointError(
      'bad-config',
      `${path} is a pickle, which can run code when it is read; an adapter must be a .safetensors file`,
    );
  }
  const files = adapterFiles(path, from);
  const peft = files.config === undefined ? undefined : parsePeftConfig(readJson(files.config, from), files.config);
  const file = SafetensorsFile.open(files.weights, from);
  try {
    const isOwn = [...file.tensors.keys()].some((name) => name.includes(infix));
    const foreign = isOwn ? undefined : foreignAdapter(file, peft);
    const config = foreign ? foreignConfig(foreign) : parseAdapterConfig(file);
    if (exclude.length > 0)
      config.exclude = [...(config.exclude ?? []), ...exclude.flatMap((each) => [...expandRanges(each)])];
    return { config, weights: new Weights(file), foreign, strength, index };
  } catch (error) {
    file.close();
    throw error;
  }
}

function foreignConfig({ type, layers }: ForeignAdapter): AdapterConfig {
  // The file is described by its largest rank; each layer has its own.
  const rank = Math.max(...[...layers.values()].map((layer) => layer.rank));
  return { type, rank, alpha: rank, include: undefined, exclude: undefined, own: new Map() };
}

/** Rank and alpha of a layer. */
export function scalingOf({ own, rank, alpha }: AdapterConfig, layer: string): { rank: number; alpha: number } {
  return own.get(layer) ?? { rank, alpha };
}

function parseAdapterConfig(file: SafetensorsFile): AdapterConfig {
  const fail = (what: string): never => {
    throw new CheckpointError('bad-config', `${file.path} is not an adapter that Retone knows: ${what}`);
  };
  const parts = [...file.tensors.values()].filter(({ name }) => name.includes(infix));
  if (parts.length === 0) return fail('tensors must be named as by Stable Audio 3, PEFT or kohya');
  let json: Record<string, unknown> | null;
  try {
    json = JSON.parse(file.metadata.lora_config ?? '{}');
  } catch {
    return fail('lora_config must be valid JSON');
  }
  if (typeof json !== 'object' || json === null)
    return fail(`lora_config must be an object (got ${JSON.stringify(json)})`);
  const named = json.adapter_type === 'dora' ? doraKind(parts) : (json.adapter_type ?? 'lora');
  const type =
    adapterTypes.find((known) => known === named) ??
    fail(`adapter_type must be one of ${adapterTypes.join(', ')} (got ${JSON.stringify(named)})`);
  const rank = Number(json.rank ?? parts.find(({ name }) => /\.(lora_A|M_xs)$/.test(name))?.shape[0]);
  const alpha = Number(json.alpha ?? rank);
  if (!Number.isInteger(rank) || rank < 1 || !Number.isFinite(alpha))
    return fail(`rank must be an integer above 0 and alpha a number (got ${json.rank} and ${json.alpha})`);
  const patterns = (key: 'include' | 'exclude') => {
    const given = json[key] ?? undefined;
    if (given === undefined) return undefined;
    if (!Array.isArray(given) || given.some((pattern) => typeof pattern !== 'string'))
      return fail(`${key} must be a list of names`);
    const names: string[] = [];
    for (const pattern of given as string[]) {
      for (const name of expandRanges(pattern.trim())) {
        if (names.push(name) > maxPatterns) return fail(`${key} must stand for at most ${maxPatterns} names`);
      }
    }
    return names;
  };
  return { type, rank, alpha, include: patterns('include'), exclude: patterns('exclude'), own: new Map() };
}

/** Most names that a list may stand for once its ranges are written out. */
const maxPatterns = 10_000;

/** "dora" is the name that files had before there were two kinds; these kept a magnitude as a row or a column of a matrix. */
function doraKind(parts: readonly TensorEntry[]): AdapterType {
  const magnitude = parts.find(({ name }) => name.endsWith('.magnitude'));
  return magnitude?.shape.length === 2 && magnitude.shape[0] === 1 ? 'dora-cols' : 'dora-rows';
}

/** "layers.[0-2]" stands for "layers.0", "layers.1", "layers.2". */
function* expandRanges(pattern: string): Generator<string> {
  const range = /^(.*?)\[(\d+)-(\d+)\](.*)$/s.exec(pattern);
  if (!range) {
    yield pattern;
    return;
  }
  const [, before, first, last, after] = range as unknown as [string, string, string, string, string];
  const [low, high] = [Number(first), Number(last)].toSorted((a, b) => a - b) as [number, number];
  for (let number = low; number <= high; number++) yield* expandRanges(`${before}${number}${after}`);
}

/** Whether an adapter's filters select a layer; exclusion wins. */
export function selects({ config }: OpenAdapter, layer: string): boolean {
  const matches = (patterns: string[]) => patterns.some((pattern) => layer.includes(pattern));
  return (!config.include || matches(config.include)) && !(config.exclude && matches(config.exclude));
}

/** Whether the file has values for a layer. */
export function holds({ weights }: OpenAdapter, layer: string): boolean {
  return weights.has(`${layer}${infix}lora_A`) || weights.has(`${layer}${infix}M_xs`);
}
