import type { AutoencoderConfig } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import { exactBackend } from '../src/backends/exact.ts';
import { Same } from '../src/pretransforms/same.ts';
import { Spectral } from '../src/pretransforms/spectral.ts';
import { type Case, signal } from './fixture.ts';
import type { Parts } from './parts.ts';
import { excerpts, firstColumns, type Results } from './tensors.ts';

const pretransformPrefix = 'pretransform.model';

export async function autoencoder(parts: Parts, each: Case): Promise<Results> {
  const { params } = each;
  const checkpoint = await parts.checkpoint();
  const { pretransform } = checkpoint.config.model;
  const audio = params.signal ? signal(params.signal) : parts.fixture.input(each, 'audio');
  const given = parts.fixture.input(each, 'latents');
  const latents = given && { data: given.data, shape: given.shape.slice(-2) };
  if (pretransform.type === 'spectral') {
    const spectral = new Spectral(
      pretransform.config,
      checkpoint.config.sample_rate,
      await parts.weights(),
      pretransformPrefix,
    );
    if (!latents) return { latents: await spectral.encode(audio!) };
    const features = spectral.decodeFeatures(latents);
    return { features, audio: await spectral.decode(latents) };
  }
  const regularisers = 'mask_noise' in params;
  const pieces = params.chunk_size ? { frames: params.chunk_size, overlap: params.overlap } : undefined;
  const probes = each.name.endsWith('_stages');
  // The autoencoder by itself: the pretransform's scale comes on top of it.
  const same = new Same(pretransform.config, await parts.weights(), pretransformPrefix, {
    backend: exactBackend(parts.options),
    pieces,
    probes,
    regularisers,
  });
  try {
    const noise = regularisers ? recordedNoise(parts, each, pretransform.config, latents) : {};
    if (latents) {
      const outputs = pieces ? { audio: await same.decode(latents) } : await same.probeDecode(latents, noise);
      return { ...outputs, audio_excerpts: excerpts(outputs.audio, params.excerpts) };
    }
    const outputs = pieces ? { latents: await same.encode(audio!) } : await same.probeEncode(audio!, noise);
    return { ...outputs, patches_first8: firstColumns(outputs['patches' as keyof typeof outputs], 8) };
  } finally {
    await same.release();
  }
}

/**
 * The recorded noise in the order in which the reference draws it, and scaled as it does: the latents' first when decoding,
 * then the learned tokens' of each level.
 */
function recordedNoise(
  parts: Parts,
  each: Case,
  config: AutoencoderConfig,
  latents: Tensor | undefined,
): Record<string, Tensor> {
  let draws = 0;
  const draw = (factor: number) => {
    const noise = parts.fixture.required(each, `noise_${draws++}`);
    return { data: noise.data.map((value) => value * factor), shape: noise.shape };
  };
  const noise: Record<string, Tensor> = {};
  if (latents) {
    const silent = each.params.noise_regularize === false;
    noise.latent_noise = {
      data: silent ? new Float32Array(latents.data.length) : draw(1e-3).data,
      shape: latents.shape,
    };
  }
  const levels = [...(latents ? config.decoder : config.encoder).config.strides.keys()];
  for (const level of latents ? levels.reverse() : levels) {
    noise[levels.length > 1 ? `level_${level}_token_noise` : 'token_noise'] = draw(each.params.mask_noise);
  }
  return noise;
}
