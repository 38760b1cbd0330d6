// A small configuration of the official layout, for tests that need one and no weights. Tests change copies of it.

const resampler = {
  channels: 64,
  c_mults: [2],
  strides: [16],
  transformer_depths: [2],
  latent_dim: 32,
  dim_heads: 64,
  chunk_size: 32,
};

// biome-ignore lint/suspicious/noExplicitAny: tests break it in every way
export function modelConfig(): any {
  return structuredClone({
    model_type: 'diffusion_cond_inpaint',
    sample_size: 5292032,
    sample_rate: 44100,
    model: {
      pretransform: {
        type: 'autoencoder',
        config: {
          encoder: { type: 'taae_v2', config: { ...resampler, in_channels: 512 } },
          decoder: { type: 'taae_v2', config: { ...resampler, out_channels: 512 } },
          bottleneck: { type: 'softnorm', config: { dim: 32, auto_scale: true } },
          pretransform: { type: 'patched', config: { patch_size: 256, channels: 2 } },
          latent_dim: 32,
          downsampling_ratio: 4096,
        },
      },
      conditioning: {
        configs: [
          { id: 'prompt', type: 't5gemma', config: { subfolder: 'text', max_length: 256, padding_mode: 'learned' } },
          { id: 'seconds_total', type: 'number', config: { min_val: 0, max_val: 384 } },
        ],
        cond_dim: 64,
      },
      diffusion: {
        type: 'dit',
        diffusion_objective: 'rf_denoiser',
        cross_attention_cond_ids: ['prompt', 'seconds_total'],
        global_cond_ids: ['seconds_total'],
        config: { io_channels: 32, embed_dim: 128, depth: 2, num_heads: 2, cond_token_dim: 64, global_cond_dim: 64 },
      },
      io_channels: 32,
    },
  });
}

// biome-ignore lint/suspicious/noExplicitAny: tests break it in every way
export function textConfig(): any {
  return {
    hidden_size: 64,
    intermediate_size: 160,
    num_hidden_layers: 3,
    num_attention_heads: 2,
    num_key_value_heads: 2,
    head_dim: 32,
    vocab_size: 692,
    query_pre_attn_scalar: 32,
  };
}
