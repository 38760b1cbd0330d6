import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError, findModel, openCheckpoint, type Weight, Weights } from '@retone/checkpoint';
import { elementsOf } from '@retone/common';
import { exactBackend } from '../../src/backends/exact.ts';
import { Conditioners } from '../../src/conditioning/conditioners.ts';
import { Dit } from '../../src/networks/dit.ts';
import { TextEncoder } from '../../src/networks/t5gemma.ts';
import { loadPretransform } from '../../src/pretransforms/open.ts';

/** Element types that the diffusion weights can be written in. The text encoder's are BF16, as published. */
export const precisions = ['F32', 'F16', 'BF16'] as const;
export type Precision = (typeof precisions)[number];

interface Missing {
  name: string;
  shape: readonly number[];
}

const textFolder = 't5gemma-b-b-ul2';

const resampler = {
  channels: 128,
  c_mults: [6],
  strides: [16],
  transformer_depths: [6],
  latent_dim: 256,
  dim_heads: 64,
  differential: true,
  variable_stride: true,
  dyt: true,
  chunk_size: 32,
  chunk_midpoint_shift: true,
};

/** The published numbers of small-music; where public records are silent, those of the recorded fixtures. */
const smallMusic = {
  model_type: 'diffusion_cond_inpaint',
  sample_size: 5292032,
  sample_rate: 44100,
  audio_channels: 2,
  model: {
    pretransform: {
      type: 'autoencoder',
      chunked: true,
      config: {
        encoder: { type: 'taae_v2', config: { ...resampler, in_channels: 512, conv_mapping: false } },
        decoder: {
          type: 'taae_v2',
          config: { ...resampler, out_channels: 512, conv_mapping: true, sinusoidal_blocks: [0] },
        },
        bottleneck: { type: 'softnorm', config: { dim: 256, auto_scale: true } },
        pretransform: { type: 'patched', config: { patch_size: 256, channels: 2 } },
        latent_dim: 256,
        downsampling_ratio: 4096,
      },
    },
    conditioning: {
      configs: [
        {
          id: 'prompt',
          type: 't5gemma',
          config: { subfolder: textFolder, max_length: 256, padding_mode: 'learned' },
        },
        {
          id: 'seconds_total',
          type: 'number',
          config: { min_val: 0, max_val: 384, fourier_features_type: 'expo' },
        },
      ],
      cond_dim: 768,
    },
    diffusion: {
      type: 'dit',
      diffusion_objective: 'rf_denoiser',
      cross_attention_cond_ids: ['prompt', 'seconds_total'],
      global_cond_ids: ['seconds_total'],
      local_add_cond_ids: ['inpaint_mask', 'inpaint_masked_input'],
      config: {
        io_channels: 256,
        embed_dim: 1024,
        depth: 20,
        num_heads: 16,
        cond_token_dim: 768,
        global_cond_dim: 768,
        local_add_cond_dim: 257,
        num_memory_tokens: 64,
        timestep_features_type: 'expo',
        global_cond_type: 'adaLN',
        attn_kwargs: { qk_norm: 'rms', differential: false },
        norm_type: 'rms_norm',
      },
    },
    io_channels: 256,
  },
};

const wideResampler = {
  channels: 256,
  c_mults: [6],
  strides: [16],
  transformer_depths: [12],
  latent_dim: 256,
  dim_heads: 64,
  differential: true,
  variable_stride: true,
  sliding_window: [1, 1],
};
const { pretransform, diffusion } = smallMusic.model;

/** The published numbers of medium, as far as they differ. */
const medium = {
  ...smallMusic,
  sample_size: 16777216,
  model: {
    ...smallMusic.model,
    pretransform: {
      ...pretransform,
      config: {
        ...pretransform.config,
        encoder: { type: 'taae_v2', config: { ...wideResampler, in_channels: 512 } },
        decoder: { type: 'taae_v2', config: { ...wideResampler, out_channels: 512, sinusoidal_blocks: [8] } },
      },
    },
    diffusion: {
      ...diffusion,
      config: {
        ...diffusion.config,
        embed_dim: 1536,
        depth: 24,
        num_heads: 24,
        attn_kwargs: { qk_norm: 'rms', differential: true },
      },
    },
  },
};

/** Models whose size can be written. */
export const officialShapes = { 'small-music': smallMusic, medium };
export type OfficialShape = keyof typeof officialShapes;

const textConfig = {
  hidden_size: 768,
  intermediate_size: 2048,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  num_key_value_heads: 12,
  head_dim: 64,
  vocab_size: 256000,
  query_pre_attn_scalar: 64,
};

/**
 * Writes a checkpoint of a published model's size with random weights. Which tensors there are is asked of the networks
 * themselves: built from an empty file, they note everything they look for.
 * Its tokenizer is the built-in model's: which tokens a prompt becomes does not matter here.
 */
export async function writeOfficialSize(
  folder: string,
  precision: Precision,
  shape: OfficialShape = 'small-music',
): Promise<void> {
  const text = join(folder, textFolder);
  mkdirSync(text, { recursive: true });
  const builtIn = openCheckpoint(findModel());
  writeFileSync(join(text, 'tokenizer.json'), JSON.stringify(builtIn.text!.tokenizer));
  writeFileSync(join(text, 'tokenizer_config.json'), JSON.stringify(builtIn.text!.tokenizerConfig));
  builtIn.close();
  writeFileSync(join(folder, 'model_config.json'), JSON.stringify(officialShapes[shape]));
  writeFileSync(join(text, 'config.json'), JSON.stringify(textConfig));
  const file = join(folder, 'model.safetensors');
  const textFile = join(text, 'model.safetensors');
  writeRandom(file, [], precision);
  writeRandom(textFile, [], 'BF16');
  writeRandom(textFile, await textTensors(folder), 'BF16');
  writeRandom(file, await tensors(folder), precision);
}

async function textTensors(folder: string): Promise<Missing[]> {
  const checkpoint = openCheckpoint(folder);
  const weights = new EveryBias(checkpoint.text!.file);
  await expectIncomplete(() => TextEncoder.load(checkpoint.text!.config, weights));
  checkpoint.close();
  return weights.report().missing;
}

async function tensors(folder: string): Promise<Missing[]> {
  const checkpoint = openCheckpoint(folder);
  const weights = new EveryBias(checkpoint.file);
  await expectIncomplete(() => Conditioners.load(checkpoint, weights));
  await expectIncomplete(() => Dit.load(checkpoint.config.model.diffusion.config, weights));
  await expectIncomplete(async () => loadPretransform(checkpoint.config, weights, exactBackend()));
  checkpoint.close();
  return weights.report().missing;
}

async function expectIncomplete(load: () => Promise<unknown>): Promise<void> {
  const error = await load().then(
    () => new Error('a network was built from an empty file'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof CheckpointError && error.code === 'missing-tensors')) throw error;
}

/** Layers of the published models that have no bias. */
const withoutBias = /(to_q|to_kv|to_qkv|to_out|to_cond_embed\.\d|to_global_embed\.\d)\.bias$/;

/** Weights that look for the biases too, which a checkpoint may lack. */
class EveryBias extends Weights {
  override optional(name: string, shape: readonly number[]): Weight | undefined {
    const exists = name.endsWith('.bias') && !withoutBias.test(name);
    return exists ? this.get(name, shape) : super.optional(name, shape);
  }
}

/** Elements of random numbers that are made; longer tensors repeat them. */
const poolLength = 1 << 20;

/** Writes a safetensors file a block at a time, so that its size does not matter. */
function writeRandom(path: string, list: readonly Missing[], precision: Precision): void {
  const size = precision === 'F32' ? 4 : 2;
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const { name, shape } of list) {
    const end = offset + elements(shape) * size;
    header[name] = { dtype: precision, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  const descriptor = openSync(path, 'w');
  try {
    writeSync(descriptor, prefix);
    writeSync(descriptor, json);
    for (const { name, shape } of list) {
      let left = elements(shape);
      const block = encoded(randomValues(name, shape, Math.min(left, poolLength)), precision);
      for (; left > 0; left -= poolLength) writeSync(descriptor, block, 0, Math.min(left * size, block.length));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Values that keep activations near 1 through every layer: what scales is near 1, what is added small, matrices 1/sqrt(inputs). */
function randomValues(name: string, shape: readonly number[], count: number): Float32Array {
  const scales = /(gamma|alpha|scaling_factor|running_std)$/.test(name);
  const inputs = shape.length > 1 ? elements(shape.slice(1)) : 100;
  const spread = scales ? 0.1 : Math.sqrt(3 / inputs);
  return Float32Array.from({ length: count }, () => (scales ? 1 : 0) + (2 * random() - 1) * spread);
}

function encoded(values: Float32Array, precision: Precision): Uint8Array {
  if (precision === 'F32') return new Uint8Array(values.buffer);
  if (precision === 'F16') return new Uint8Array(Float16Array.from(values).buffer);
  const words = new Uint32Array(values.buffer);
  return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
}

let state = 1;

/** 0 to 1, the same numbers every time (a linear congruential generator; the quality does not matter). */
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

function elements(shape: readonly number[]): number {
  return elementsOf(shape);
}
