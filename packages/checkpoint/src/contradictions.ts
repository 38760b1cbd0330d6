import {
  type AutoencoderConfig,
  type DitConfig,
  defaultChunkSize,
  type ModelConfig,
  type ResamplerConfig,
  type SpectralConfig,
  structureChannels,
  structureOf,
} from './config.ts';
import { mustBe, shown } from './errors.ts';
import type { TextEncoderConfig } from './text-config.ts';

/** A key whose value would be accepted by itself, but contradicts other keys. */
interface Contradiction {
  key: string;
  value: unknown;
  /** The accepted values, in words that follow "must". */
  right: string;
}

/** The first contradiction in a configuration, as one line, or undefined. */
export function contradiction(config: ModelConfig): string | undefined {
  return firstOf(contradictions(config));
}

/** The same for an autoencoder that is published alone. */
export function autoencoderContradiction(config: AutoencoderConfig): string | undefined {
  return firstOf(prefixed('model', autoencoderContradictions(config)));
}

/** The same for a text encoder's configuration. */
export function textContradiction(config: TextEncoderConfig): string | undefined {
  return firstOf(textContradictions(config));
}

function firstOf(contradictions: Iterable<Contradiction>): string | undefined {
  for (const { key, value, right } of contradictions) return mustBe(key, value, right);
  return undefined;
}

function* contradictions({ model }: ModelConfig): Generator<Contradiction> {
  const { pretransform, io_channels: channels } = model;
  const { config } = model.diffusion;
  yield* unequal('model.io_channels', channels, pretransform.config.latent_dim, "the pretransform's latent_dim");
  yield* unequal('model.diffusion.config.io_channels', config.io_channels, channels, 'model.io_channels');
  yield* conditionContradictions(model);
  yield* prefixed('model.diffusion.config', ditContradictions(config));
  if (pretransform.type === 'autoencoder')
    yield* prefixed('model.pretransform.config', autoencoderContradictions(pretransform.config));
  else yield* prefixed('model.pretransform.config', spectralContradictions(pretransform.config));
}

function* spectralContradictions(config: SpectralConfig): Generator<Contradiction> {
  const { fft_size: size, hop_length: hop, low_fft_size: low, crossover } = config;
  if (size % (2 * hop) !== 0)
    yield { key: 'hop_length', value: hop, right: 'be half of fft_size, or a smaller divisor of that half' };
  yield* unequal(
    'downsampling_ratio',
    config.downsampling_ratio,
    hop * config.frames_per_latent,
    'hop_length times frames_per_latent',
  );
  if (low !== undefined) yield* unequal('low_fft_size', low, 2 * size, 'twice fft_size');
  if ((low === undefined) !== (crossover === undefined))
    yield {
      key: 'crossover',
      value: crossover,
      right: 'be two frequencies in hertz if there is a low_fft_size, and absent if not',
    };
  if (crossover && crossover[0] >= crossover[1])
    yield { key: 'crossover', value: crossover, right: 'be two frequencies in hertz, the lower one first' };
}

function* conditionContradictions({
  conditioning,
  diffusion,
  io_channels,
}: ModelConfig['model']): Generator<Contradiction> {
  const at = 'model.diffusion.config';
  const { cross_attention_cond_ids: cross, global_cond_ids: global, local_add_cond_ids: local, config } = diffusion;
  const ids = conditioning.configs.map(({ id }) => id);
  const numbers = conditioning.configs.filter(({ type }) => type === 'number').map(({ id }) => id);
  const groups = [
    ['cross_attention_cond_ids', cross, ids],
    ['global_cond_ids', global, numbers],
  ] as const;
  for (const [name, named, known] of groups) {
    const unknown = named.find((id) => !known.includes(id));
    if (unknown !== undefined)
      yield { key: `model.diffusion.${name}`, value: named, right: `name only conditions of ${shown(known)}` };
  }
  const width = conditioning.cond_dim;
  yield* unequal(
    `${at}.cond_token_dim`,
    config.cond_token_dim,
    cross.length && width,
    'cond_dim, or none without cross_attention_cond_ids',
  );
  yield* unequal(
    `${at}.global_cond_dim`,
    config.global_cond_dim,
    global.length * width,
    'cond_dim times the number of global_cond_ids',
  );
  if (config.local_add_cond_dim && local.length > 0) {
    const structure = structureOf(conditioning.configs);
    if (local.includes('structure') && !structure)
      yield {
        key: 'model.diffusion.local_add_cond_ids',
        value: local,
        right: 'not name "structure", which conditioning lacks',
      };
    const width = {
      inpaint_mask: 1,
      inpaint_masked_input: io_channels,
      structure: structure ? structureChannels(structure) : 0,
    };
    const channels = local.reduce((sum, id) => sum + width[id], 0);
    yield* unequal(
      `${at}.local_add_cond_dim`,
      config.local_add_cond_dim,
      channels,
      'the channels of local_add_cond_ids',
    );
  }
  const folders = conditioning.configs.flatMap(({ type, config }) =>
    type === 't5gemma' ? [config.subfolder ?? config.model_name] : [],
  );
  if (new Set(folders).size > 1)
    yield { key: 'model.conditioning.configs', value: folders, right: 'share one text encoder' };
}

/** Fewest channels of a head: this many are rotated. */
const fewestHeadChannels = 32;

function* ditContradictions(config: DitConfig): Generator<Contradiction> {
  const { embed_dim: width, num_heads: heads } = config;
  const headWidth = width / heads;
  if (!Number.isInteger(headWidth) || headWidth < fewestHeadChannels) {
    yield {
      key: 'embed_dim',
      value: width,
      right: `be a multiple of num_heads, ${heads}, with at least ${fewestHeadChannels} for each`,
    };
  }
  const context = config.project_cond_tokens ? width : config.cond_token_dim;
  if (context % headWidth !== 0 || (context > 0 && width % context !== 0)) {
    yield {
      key: 'cond_token_dim',
      value: context,
      right: `be a multiple of the ${headWidth} channels of a head and divide embed_dim, ${width}, without project_cond_tokens`,
    };
  }
  if (config.global_cond_dim > 0 && !config.project_global_cond)
    yield* unequal('global_cond_dim', config.global_cond_dim, width, 'embed_dim, without project_global_cond');
  if (config.timestep_features_dim % 2 !== 0)
    yield { key: 'timestep_features_dim', value: config.timestep_features_dim, right: 'be an even number' };
}

function* autoencoderContradictions(config: AutoencoderConfig): Generator<Contradiction> {
  const { encoder, decoder, bottleneck, pretransform, latent_dim: latents, downsampling_ratio: ratio } = config;
  const { channels, patch_size: patch } = pretransform.config;
  yield* unequal('pretransform.config.channels', channels, config.io_channels, 'io_channels');
  yield* unequal(
    'encoder.config.in_channels',
    encoder.config.in_channels,
    channels * patch,
    'channels times patch_size',
  );
  yield* unequal(
    'decoder.config.out_channels',
    decoder.config.out_channels,
    channels * patch,
    'channels times patch_size',
  );
  if (bottleneck) yield* unequal('bottleneck.config.dim', bottleneck.config.dim, latents, 'latent_dim');
  for (const [side, resampler] of [
    ['encoder', encoder.config],
    ['decoder', decoder.config],
  ] as const) {
    yield* prefixed(`${side}.config`, resamplerContradictions(resampler));
    yield* unequal(`${side}.config.latent_dim`, resampler.latent_dim, latents, 'latent_dim');
    const product = resampler.strides.reduce((a, b) => a * b, patch);
    yield* unequal('downsampling_ratio', ratio, product, `patch_size times the strides of the ${side}`);
  }
}

function* resamplerContradictions(config: ResamplerConfig): Generator<Contradiction> {
  const { c_mults: multipliers, strides, chunk_size: chunk = defaultChunkSize, sliding_window: window } = config;
  const levels = multipliers.length;
  for (const key of ['strides', 'transformer_depths', 'sinusoidal_blocks'] as const) {
    const { length } = config[key] ?? multipliers;
    if (length < levels || (length > levels && key !== 'sinusoidal_blocks'))
      yield { key, value: config[key], right: `have as many items as c_mults, ${levels}` };
  }
  for (const multiplier of multipliers) {
    const width = multiplier * config.channels;
    if (width % Math.min(config.dim_heads, width) !== 0)
      yield { key: 'dim_heads', value: config.dim_heads, right: `be a divisor of the width ${width}` };
  }
  if (window) return;
  for (const stride of strides) {
    if (chunk % stride !== 0) yield { key: 'chunk_size', value: chunk, right: `be a multiple of the stride ${stride}` };
    const tokens = chunk + chunk / stride;
    if (config.chunk_midpoint_shift && tokens % 2 !== 0) {
      yield {
        key: 'chunk_midpoint_shift',
        value: true,
        right: `be false, since a chunk of ${tokens} tokens has no middle`,
      };
    }
  }
}

function* textContradictions(config: TextEncoderConfig): Generator<Contradiction> {
  const { num_attention_heads: heads, num_key_value_heads: keyHeads, head_dim: headWidth } = config;
  if (heads % keyHeads !== 0)
    yield { key: 'num_key_value_heads', value: keyHeads, right: `be a divisor of num_attention_heads, ${heads}` };
  if (headWidth % 2 !== 0) yield { key: 'head_dim', value: headWidth, right: 'be an even number' };
}

function* unequal(key: string, value: number, expected: number, what: string): Generator<Contradiction> {
  if (value !== expected) yield { key, value, right: `be ${expected} (${what})` };
}

function* prefixed(prefix: string, inner: Iterable<Contradiction>): Generator<Contradiction> {
  for (const each of inner) yield { ...each, key: `${prefix}.${each.key}` };
}
