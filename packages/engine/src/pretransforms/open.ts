import type { AutoencoderModelConfig, ModelConfig, Weights } from '@retone/checkpoint';
import type { Backend } from '../backends/backend.ts';
import type { Pretransform } from './pretransform.ts';
import { Same } from './same.ts';
import { Spectral } from './spectral.ts';

/** Prefix of the pretransform's weights in the checkpoint of a diffusion model. */
const pretransformPrefix = 'pretransform.model';
/** Piece length and overlap of the published models, in frames. */
const publishedPieces = { frames: 128, overlap: 32 };

/** The pretransform that a configuration describes: a diffusion model's, or an autoencoder that is published alone. */
export function loadPretransform(
  config: ModelConfig | AutoencoderModelConfig,
  weights: Weights,
  backend: Backend,
): Pretransform {
  const alone = config.model_type === 'autoencoder';
  const pretransform = alone ? config.pretransform : config.model.pretransform;
  const prefix = alone ? '' : pretransformPrefix;
  if (pretransform.type === 'spectral') return new Spectral(pretransform.config, config.sample_rate, weights, prefix);
  const pieces = pretransform.chunked ? publishedPieces : undefined;
  return new Same(pretransform.config, weights, prefix, { backend, pieces, scale: pretransform.scale });
}
