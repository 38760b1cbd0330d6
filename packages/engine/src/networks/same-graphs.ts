import type { AutoencoderConfig, Weights } from '@retone/checkpoint';
import { Graph, ops, sizes, type Value } from '@retone/graph';
import { type Backend, Scope } from '../backends/backend.ts';
import { linear } from './layers.ts';
import { resamplingBlock } from './resampling.ts';

// The graphs of SAME's encoder and decoder (spec, section 2), each for a fixed length. Sequences here are [positions, channels].

/** The parts that the graphs are built from. */
export interface SameParts {
  config: AutoencoderConfig;
  weights: Weights;
  /** Where the autoencoder's weights are in the checkpoint. */
  prefix: string;
  backend: Backend;
  probes: boolean;
  /** Take the noise that the reference adds at inference as inputs. */
  regularisers: boolean;
}

/** audio [channels, samples] to latents [latent_dim, frames], for a fixed number of patches. */
export function encoderGraph(parts: SameParts, patches: number): Graph {
  const { config } = parts;
  const { graph, scope } = begin('same-encoder', parts);
  const encoder = config.encoder.config;
  const { channels, patch_size: patch } = config.pretransform.config;
  let x = patchesOf(graph.input('audio', [channels, patches * patch]), patches);
  graph.probe('patches', ops.transpose(x, [1, 0]));
  for (const [level, multiplier] of encoder.c_mults.entries()) {
    const block = { ...parts, config: encoder, level, out: multiplier * encoder.channels, side: 'encoder' as const };
    x = resamplingBlock(scope.at(`encoder.layers.${level}`), x, block);
  }
  x = linear(scope.at(`encoder.layers.${encoder.c_mults.length + 1}`), x, encoder.latent_dim);
  graph.probe('linear', x);
  const latents = throughBottleneck(scope.at('bottleneck'), ops.transpose(x, [1, 0]), config);
  graph.output('latents', ops.div(latents, graph.input('scale', [1])));
  return graph;
}

/** latents [latent_dim, frames] to audio [channels, samples], for a fixed number of frames. */
export function decoderGraph(parts: SameParts, frames: number): Graph {
  const { config } = parts;
  const { graph, scope } = begin('same-decoder', parts);
  const decoder = config.decoder.config;
  const latents = outOfBottleneck(scope.at('bottleneck'), frames, parts);
  graph.probe('after_bottleneck', latents);

  const depth = decoder.c_mults.length;
  const widths = decoder.c_mults.map((multiplier) => multiplier * decoder.channels);
  let x = linear(scope.at('decoder.layers.1'), ops.transpose(latents, [1, 0]), widths.at(-1)!);
  graph.probe('linear', x);
  for (let level = depth - 1; level >= 0; level--) {
    const out = level === 0 ? decoder.out_channels : widths[level - 1]!;
    const block = { ...parts, config: decoder, level, out, side: 'decoder' as const };
    x = resamplingBlock(scope.at(`decoder.layers.${3 + depth - 1 - level}`), x, block);
  }
  const audio = audioOf(x, config);
  graph.output('audio', config.decoder.soft_clip ? ops.tanh(audio) : audio);
  return graph;
}

function begin(name: string, { weights, prefix, backend, probes }: SameParts): { graph: Graph; scope: Scope } {
  const graph = new Graph(name, { probes });
  return { graph, scope: new Scope(graph, weights, prefix, backend) };
}

/** Sample l*patch + h of channel c becomes channel c*patch + h of position l. audio [channels, samples]. */
function patchesOf(audio: Value, patches: number): Value {
  const [channels, samples] = sizes(audio, 2);
  const patch = samples / patches;
  const split = ops.transpose(ops.reshape(audio, [channels, patches, patch]), [1, 0, 2]);
  return ops.reshape(split, [patches, channels * patch]);
}

/** The inverse of {@link patchesOf}. x [patches, channels * patch]. */
function audioOf(x: Value, config: AutoencoderConfig): Value {
  const { channels, patch_size: patch } = config.pretransform.config;
  const [patches] = sizes(x, 2);
  const joined = ops.transpose(ops.reshape(x, [patches, channels, patch]), [1, 0, 2]);
  return ops.reshape(joined, [channels, patches * patch]);
}

/** `latents * scaling_factor + bias`, over the running deviation where the bottleneck scales by it. latents [latent_dim, frames]. */
function throughBottleneck(scope: Scope, latents: Value, { bottleneck }: AutoencoderConfig): Value {
  if (!bottleneck) return latents;
  const { dim, auto_scale: autoScale } = bottleneck.config;
  const vector = (name: string) => ops.reshape(scope.weight(name, [1, dim, 1]), [dim, 1]);
  const scaled = ops.add(ops.mul(latents, vector('scaling_factor')), vector('bias'));
  return autoScale ? ops.div(scaled, scope.weight('running_std', [1])) : scaled;
}

/** The latents as the decoder takes them: times the running deviation, plus the reference's noise where it is wanted. */
function outOfBottleneck(scope: Scope, frames: number, { config, regularisers }: SameParts): Value {
  const { graph } = scope;
  const autoScale = config.bottleneck?.config.auto_scale;
  const input = graph.input('latents', [config.decoder.config.latent_dim, frames]);
  let latents = ops.mul(input, graph.input('scale', [1]));
  if (autoScale) latents = ops.mul(latents, scope.weight('running_std', [1]));
  if (!regularisers) return latents;
  const deviation = autoScale ? scope.weight('running_std', [1]) : standardDeviation(latents);
  return ops.add(latents, ops.mul(graph.input('latent_noise', latents.shape), deviation));
}

/** The standard deviation over time of each channel (of the sample, not of the population). x [channels, frames]. */
function standardDeviation(x: Value): Value {
  const [, frames] = sizes(x, 2);
  const centred = ops.sub(x, ops.mean(x, 1));
  return ops.sqrt(ops.div(ops.sum(ops.mul(centred, centred), 1), frames - 1));
}
