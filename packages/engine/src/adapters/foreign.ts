import {
  CheckpointError,
  type PeftConfig,
  type SafetensorsFile,
  type TensorEntry,
  type WeightDType,
  weightDTypes,
  widenToFloat32,
} from '@retone/checkpoint';
import { elementsOf } from '@retone/common';

// Adapters as other trainers write them: PEFT (a folder of weights and adapter_config.json, or its weights alone, as
// diffusers keeps them), and kohya's and LyCORIS's names, in which every dot of a layer's name is an underscore.

/** An adapter as another program wrote it, by the names that it gives to layers. */
export interface ForeignAdapter {
  type: 'lora' | 'dora-rows' | 'dora-cols';
  layers: Map<string, ForeignLayer>;
}

export interface ForeignLayer {
  /** Factor of `B A` at strength 1, times the rank. */
  alpha: number;
  rank: number;
  /** The tensors by the part of a layer's adapter that they are, with the shapes that Retone's own files have. */
  parts: Map<Part, TensorEntry>;
}

type Part = 'lora_A' | 'lora_B' | 'magnitude';

/** How names end, and what these tensors are. The first group is the layer's name. */
const endings: [RegExp, Part | 'alpha'][] = [
  [/^(.+)\.(?:lora_A|lora_down|lora\.down)(?:\.[\w-]+)?\.weight$/, 'lora_A'],
  [/^(.+)\.(?:lora_B|lora_up|lora\.up)(?:\.[\w-]+)?\.weight$/, 'lora_B'],
  [/^(.+)\.(?:lora_magnitude_vector(?:\.[\w-]+)*|dora_scale)$/, 'magnitude'],
  [/^(.+)\.alpha$/, 'alpha'],
];

/** Methods of LyCORIS and PEFT that are not a product of two matrices. */
const otherMethods: [RegExp, string][] = [
  [/\.hada_w/, 'LoHa'],
  [/\.lokr_w/, 'LoKr'],
  [/\.oft_(blocks|diag|R)/, 'OFT'],
  [/\.(lora_mid|lora_embedding_[AB])/, 'LoRA of convolutions or embeddings'],
  [/\.(ia3_l|on_input)/, 'IA3'],
  [/\.diff(_b)?$/, 'full differences'],
];

/**
 * An adapter in one of these forms; undefined where the names of the tensors are of none of them.
 *
 * @param config adapter_config.json of PEFT, where there is one
 * @throws CheckpointError when it adapts weights in a way that Retone does not compute
 */
export function foreignAdapter(file: SafetensorsFile, config?: PeftConfig): ForeignAdapter | undefined {
  const fail = (what: string): never => {
    throw new CheckpointError('unsupported', `${file.path} ${what}`);
  };
  const parts = new Map<string, Map<Part, TensorEntry>>();
  const alphas = new Map<string, number>();
  const strangers: string[] = [];
  for (const entry of file.tensors.values()) {
    const method = otherMethods.find(([form]) => form.test(entry.name))?.[1];
    if (method) return fail(`must be an adapter of LoRA or DoRA for linear layers (got ${method})`);
    const found = endings.find(([form]) => form.test(entry.name));
    if (!found) {
      strangers.push(entry.name);
      continue;
    }
    const layer = found[0].exec(entry.name)![1]!;
    if (found[1] === 'alpha')
      alphas.set(layer, numberOf(file, entry) ?? fail(`has ${entry.name} that is not a number`));
    else parts.set(layer, (parts.get(layer) ?? new Map()).set(found[1], flattened(entry, found[1])));
  }
  if (![...parts.values()].some((each) => each.has('lora_A'))) return undefined;
  if (strangers.length > 0)
    return fail(`has tensors besides LoRA and DoRA of linear layers, such as ${strangers.slice(0, 3).join(', ')}`);
  const layers = new Map<string, ForeignLayer>();
  let type: ForeignAdapter['type'] = 'lora';
  for (const [name, own] of parts) {
    const rank = own.get('lora_A')?.shape[0];
    if (rank === undefined || !own.has('lora_B'))
      return fail(`has one half of the adapter of ${name}, and not the other`);
    const magnitude = own.get('magnitude');
    // LyCORIS keeps the norms of columns as [1, columns].
    if (magnitude) type = magnitude.shape.length > 1 && magnitude.shape[0] === 1 ? 'dora-cols' : 'dora-rows';
    layers.set(name, { rank, alpha: alphas.get(name) ?? (config ? peftAlpha(config, name, rank) : rank), parts: own });
  }
  return { type, layers };
}

/** A low-rank matrix of a convolution of one sample is one of a linear layer. */
function flattened(entry: TensorEntry, part: Part): TensorEntry {
  const { shape } = entry;
  if (part === 'magnitude' || shape.length < 2) return entry;
  return { ...entry, shape: [shape[0]!, elementsOf(shape.slice(1))] };
}

function numberOf(file: SafetensorsFile, entry: TensorEntry): number | undefined {
  if (!weightDTypes.some((dtype) => dtype === entry.dtype)) return undefined;
  return widenToFloat32(file.read(entry), entry.dtype as WeightDType)[0];
}

/** The alpha of a layer, by PEFT's configuration. */
function peftAlpha(
  { lora_alpha: alpha, use_rslora: ranked, alpha_pattern: patterns }: PeftConfig,
  layer: string,
  rank: number,
): number {
  const own = Object.entries(patterns ?? {}).find(([key]) => matches(layer, key))?.[1] ?? alpha;
  // Rank-stabilised: the scale is alpha over the root of the rank.
  return ranked ? own * Math.sqrt(rank) : own;
}

/** PEFT's rule: a key is the end of a layer's name, from a dot on. */
function matches(layer: string, key: string): boolean {
  return layer === key || layer.endsWith(`.${key}`);
}

/** Prefixes that programs put before the names of layers. */
const prefixes =
  /^(base_model[._]model[._])?(lora_|lycoris_)?((unet|te\d?|transformer|conditioner|diffusion_model|dit)[._])?/;

/**
 * Which layer of a model each name of an adapter means: the layer whose name is its end, or of whose name it is the end, with
 * dots and underscores alike. Undefined where none does, or several do.
 */
export function matchLayers(names: Iterable<string>, layers: readonly string[]): Map<string, string | undefined> {
  const flat = layers.map((layer) => ({ layer, words: wordsOf(layer.replace(/^model\./, '')) }));
  return new Map(
    [...names].map((name) => {
      const words = wordsOf(name);
      const whole = flat.filter((each) => endsWith(words, each.words));
      const longest = Math.max(...whole.map((each) => each.words.length));
      const best = whole.filter((each) => each.words.length === longest);
      if (best.length === 1) return [name, best[0]!.layer];
      const short = wordsOf(name.replace(prefixes, ''));
      const inner = flat.filter((each) => endsWith(each.words, short));
      return [name, inner.length === 1 ? inner[0]!.layer : undefined];
    }),
  );
}

const wordsOf = (name: string) => name.split(/[._]/);

function endsWith(words: readonly string[], end: readonly string[]): boolean {
  return end.length <= words.length && end.every((word, i) => word === words[words.length - end.length + i]);
}
