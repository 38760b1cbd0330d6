import type { SpectralConfig, Weights } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import type { Pretransform } from './pretransform.ts';

export class Spectral implements Pretransform {
  readonly latentChannels: number;
  readonly downsamplingRatio: number;
  readonly alignment = 1;
  constructor(config: SpectralConfig, _weights: Weights, _prefix: string) {
    this.latentChannels = config.latent_dim;
    this.downsamplingRatio = config.downsampling_ratio;
  }
  async encode(_audio: Tensor): Promise<Tensor> {
    throw new Error('todo');
  }
  async decode(_latents: Tensor): Promise<Tensor> {
    throw new Error('todo');
  }
  async release(): Promise<void> {}
}
