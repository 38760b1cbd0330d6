import { z } from 'zod';

// The schema of model_config.json. Objects are loose: keys that only matter to training are let through unread.
// Defaults are those of the reference implementation's constructors.

// Upper bounds are far above any real model; they keep a hostile file from asking for endless work or memory.
export const count = z
  .int()
  .min(1)
  .max(2 ** 31);

const maxWidth = 2 ** 14;

export const width = z.int().min(1).max(maxWidth);

const widthOrNone = z.int().min(0).max(maxWidth);

export const layers = z.int().min(1).max(512);

export const positive = z.number().gt(0);

/** A shift without a type is a full one, as in the reference. */
const withShiftType = (shift: unknown) => {
  return typeof shift === 'object' && shift !== null && !('type' in shift) ? { type: 'full', ...shift } : shift;
};

export const samplingShift = z.preprocess(
  withShiftType,
  z.discriminatedUnion('type', [
    z.looseObject({ type: z.literal('none') }),
    z.looseObject({
      type: z.literal('flux'),
      min_length: positive.default(256),
      max_length: positive.default(4096),
      alpha_min: positive.default(1),
      alpha_max: positive.default(1),
    }),
    z.looseObject({
      type: z.literal('full'),
      base_shift: z.number().default(0.5),
      max_shift: z.number().default(1.15),
      min_length: positive.default(256),
      max_length: positive.default(4096),
      use_sine: z.boolean().default(false),
    }),
    z.looseObject({
      type: z.literal('logsnr'),
      anchor_length: positive.default(2000),
      anchor_logsnr: z.number().default(-6.2),
      rate: z.number().default(1),
      logsnr_end: z.number().default(2),
    }),
  ]),
);

/** adapter_config.json of a PEFT adapter. */
export const peft = z.looseObject({
  peft_type: z.literal('LORA'),
  lora_alpha: z.number(),
  use_rslora: z.boolean().default(false),
  /** Whether weights are stored as [in, out]. */
  fan_in_fan_out: z.literal(false).default(false),
  /** Alphas of single layers, by the end of their names. */
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
});

const attention = z.looseObject({
  qk_norm: z.enum(['none', 'l2', 'ln', 'rms', 'dyt']).default('none'),
  qk_norm_eps: positive.default(1e-6),
  differential: z.boolean().default(false),
  feat_scale: z.boolean().default(false),
});

const feedForward = z.looseObject({
  mult: positive.default(4),
  no_bias: z.boolean().default(false),
  glu: z.literal(true).default(true),
  use_conv: z.literal(false).default(false),
  sinusoidal: z.boolean().default(false),
});

/** How many positions attend to each other where a configuration neither says so nor has a window. */
export const defaultChunkSize = 128;

const resampler = z.looseObject({
  channels: width.default(128),
  c_mults: z.array(width).min(1).max(16),
  strides: z.array(count.max(4096)).min(1).max(16),
  transformer_depths: z.array(layers).min(1).max(16),
  latent_dim: width,
  dim_heads: width.default(128),
  differential: z.boolean().default(true),
  variable_stride: z.boolean().default(false),
  feat_scale: z.boolean().default(false),
  ff_mult: positive.default(3),
  dyt: z.boolean().default(true),
  conformer: z.boolean().default(false),
  layer_scale: z.boolean().default(false),
  conv_mapping: z.boolean().default(false),
  mapping_bias: z.boolean().default(true),
  chunk_size: width.max(1024).optional(),
  chunk_midpoint_shift: z.boolean().default(false),
  sliding_window: z.tuple([z.int().min(0), z.int().min(0)]).nullish(),
  sinusoidal_blocks: z.array(z.int().min(0)).optional(),
});

const autoencoder = z.looseObject({
  encoder: z.looseObject({ type: z.literal('taae_v2'), config: resampler.extend({ in_channels: width }) }),
  decoder: z.looseObject({
    type: z.literal('taae_v2'),
    soft_clip: z.boolean().default(false),
    config: resampler.extend({ out_channels: width }),
  }),
  bottleneck: z
    .looseObject({
      type: z.literal('softnorm'),
      config: z.looseObject({
        dim: width.default(32),
        noise_augment_dim: z.literal(0).default(0),
        auto_scale: z.boolean().default(false),
      }),
    })
    .optional(),
  pretransform: z.looseObject({
    type: z.literal('patched'),
    config: z.looseObject({
      channels: width,
      patch_size: width,
      oversampling: z.literal(1).default(1),
      postfilter_channels: z.literal(0).default(0),
    }),
  }),
  latent_dim: width,
  downsampling_ratio: count.max(2 ** 18),
  io_channels: width.default(2),
});

/** Retone's own pretransform: log-frequency magnitudes without phase. `docs/spectral.md` describes it. */
const spectral = z.looseObject({
  fft_size: z.literal([512, 1024, 2048, 4096, 8192]),
  hop_length: z.literal([128, 256, 512, 1024]),
  frames_per_latent: width,
  downsampling_ratio: count.max(2 ** 18),
  bins_per_octave: positive,
  max_frequency: positive,
  /** The longer window that describes frequencies below the crossover; absent: one window describes all. */
  low_fft_size: z.literal([1024, 2048, 4096, 8192, 16384]).optional(),
  /** Where the longer window fades into the shorter one, in hertz. */
  crossover: z.tuple([positive, positive]).optional(),
  floor: positive,
  /** Edges of the bands in which stereo is described, in hertz, ascending. */
  stereo_edges: z.array(z.number().min(0)).min(2),
  latent_dim: width,
  /** Loudness of the recordings that it was trained on, in LUFS. */
  loudness: z.number().min(-70).max(0).optional(),
  io_channels: z.literal(2),
});

const pretransform = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('autoencoder'),
    scale: positive.default(1),
    chunked: z.boolean().default(false),
    config: autoencoder,
  }),
  z.looseObject({ type: z.literal('spectral'), config: spectral }),
]);

/** A path that does not lead out of the folder it is in: configurations come from strangers. */
const innerPath = z
  .string()
  .refine((path) => !/^[/\\]|^[a-z]:|(^|[/\\])\.\.?([/\\]|$)|^$/i.test(path), 'be a path inside the repository');

const conditioner = z.discriminatedUnion('type', [
  z.looseObject({
    id: z.string().min(1),
    type: z.literal('t5gemma'),
    config: z.looseObject({
      model_name: innerPath.default('google/t5gemma-b-b-ul2'),
      repo_id: z.string().optional(),
      subfolder: innerPath.optional(),
      max_length: count.max(4096).default(128),
      padding_mode: z.enum(['none', 'zero', 'learned']).default('zero'),
      project_out: z.boolean().default(false),
    }),
  }),
  z.looseObject({
    id: z.string().min(1),
    type: z.literal('number'),
    config: z.looseObject({
      min_val: z.number().default(0),
      max_val: z.number().default(1),
      fourier_features_type: z.enum(['learned', 'expo']).default('learned'),
    }),
  }),
  /** Retone's own: pitches, attacks and loudness of the source, as a local condition. */
  z.looseObject({
    id: z.literal('structure'),
    type: z.literal('structure'),
    config: z.looseObject({
      pitches: z.int().min(12).max(120),
      lowest_pitch: z.int().min(0).max(120),
      hop_length: z.literal(512),
      frames_per_latent: z.int().min(2).max(16).multipleOf(2),
    }),
  }),
]);

const dit = z.looseObject({
  io_channels: width,
  patch_size: z.literal(1).default(1),
  embed_dim: width,
  depth: layers,
  num_heads: width,
  cond_token_dim: widthOrNone.default(0),
  project_cond_tokens: z.boolean().default(true),
  global_cond_dim: widthOrNone.default(0),
  project_global_cond: z.boolean().default(true),
  local_add_cond_dim: widthOrNone.nullish(),
  input_concat_dim: z.literal(0).default(0),
  prepend_cond_dim: z.literal(0).default(0),
  num_memory_tokens: widthOrNone.default(0),
  transformer_type: z.literal('continuous_transformer').default('continuous_transformer'),
  timestep_cond_type: z.literal('global').default('global'),
  timestep_features_type: z.enum(['learned', 'expo']).default('learned'),
  timestep_features_dim: width.default(256),
  timestep_features_logsnr: z.boolean().default(false),
  global_cond_type: z.enum(['prepend', 'adaLN']).default('prepend'),
  norm_type: z.enum(['layer_norm', 'rms_norm', 'dyt']).default('layer_norm'),
  norm_kwargs: z.looseObject({ eps: positive.default(1e-5) }).prefault({}),
  attn_kwargs: attention.prefault({}),
  ff_kwargs: feedForward.prefault({}),
  layer_scale: z.boolean().default(false),
  conformer: z.boolean().default(false),
  final_cross_attn_ix: z.int().min(-1).default(-1),
  causal: z.literal(false).default(false),
  rotary_pos_emb: z.literal(true).default(true),
  cross_attn_rotary_pos_emb: z.literal(false).default(false),
  use_sinusoidal_emb: z.literal(false).default(false),
  use_abs_pos_emb: z.literal(false).default(false),
  sliding_window: z.null().default(null),
});

export const modelConfig = z.looseObject({
  model_type: z.enum(['diffusion_cond', 'diffusion_cond_inpaint']),
  sample_size: count,
  sample_rate: count,
  audio_channels: width.default(2),
  model: z.looseObject({
    pretransform,
    conditioning: z.looseObject({
      configs: z.array(conditioner),
      cond_dim: width,
      /** Under which other id a conditioner finds its value when it is given none under its own. */
      default_keys: z.record(z.string(), z.string()).default({}),
      pre_encoded_keys: z.array(z.never()).default([]),
    }),
    diffusion: z.looseObject({
      type: z.literal('dit'),
      diffusion_objective: z.enum(['rectified_flow', 'rf_denoiser']),
      cross_attention_cond_ids: z.array(z.string()).default([]),
      global_cond_ids: z.array(z.string()).default([]),
      local_add_cond_ids: z.array(z.enum(['inpaint_mask', 'inpaint_masked_input', 'structure'])).default([]),
      input_concat_ids: z.array(z.never()).default([]),
      prepend_cond_ids: z.array(z.never()).default([]),
      sampling_distribution_shift_options: samplingShift.nullish().transform((shift) => shift ?? undefined),
      config: dit,
    }),
    io_channels: width,
  }),
  /** Retone's own key: what to generate with when the request does not say. */
  sampling_defaults: z
    .looseObject({
      sampler: z.enum(['euler', 'rk4', 'dpmpp', 'pingpong']).optional(),
      steps: count.optional(),
      guidance_scale: z.number().optional(),
      padding_seconds: z.number().min(0).optional(),
    })
    .prefault({}),
});

/** `model_config.json` of a repository that has an autoencoder alone, such as SAME-S. */
export const autoencoderModelConfig = z.looseObject({
  sample_rate: count,
  model: autoencoder,
});

/** Channels of a source's structure: a strength for each of its three kinds, pitches, three groups of attacks, and loudness. */
export function structureChannels({ pitches, frames_per_latent: frames }: StructureConfig): number {
  return 3 + pitches + 4 * frames;
}

/** Configuration of the source's structure. */
export type StructureConfig = Extract<z.infer<typeof conditioner>, { type: 'structure' }>['config'];

/** Configuration of the source's structure; undefined if the model does not use it. */
export function structureOf(configs: readonly ConditionerConfig[]): StructureConfig | undefined {
  return configs.find((conditioner) => conditioner.type === 'structure')?.config;
}

/** `model_config.json` of a diffusion checkpoint, checked and with defaults filled in. */
export type ModelConfig = z.infer<typeof modelConfig>;

export type DitConfig = z.infer<typeof dit>;

export type AttentionConfig = z.infer<typeof attention>;

export type FeedForwardConfig = z.infer<typeof feedForward>;

export type AutoencoderConfig = z.infer<typeof autoencoder>;

export type ResamplerConfig = z.infer<typeof resampler>;

export type SpectralConfig = z.infer<typeof spectral>;

export type PretransformConfig = z.infer<typeof pretransform>;

export type ConditionerConfig = z.infer<typeof conditioner>;

export type SamplingShift = z.infer<typeof samplingShift>;

export type PeftConfig = z.infer<typeof peft>;

/** `model_config.json` of an autoencoder that is published alone, in the form of a diffusion model's pretransform. */
export interface AutoencoderModelConfig {
  model_type: 'autoencoder';
  sample_rate: number;
  pretransform: PretransformConfig;
}
