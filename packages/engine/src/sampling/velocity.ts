import type { Tensor } from '@retone/runtime';
import type { Dit, DitConditions, PreparedConditions } from '../networks/dit.ts';
import { stacked } from '../tensors.ts';
import { type GuidanceOptions, guide } from './guidance.ts';
import type { LevelRange } from './level-range.ts';
import type { Velocity } from './samplers.ts';

/** Guidance of a generation: what it leads away from, how, and at which noise levels. */
export interface Guidance extends GuidanceOptions {
  /** Cross-attention rows that it leads away from. */
  negative: Tensor;
  /** Both ends included, as in the reference. */
  interval: LevelRange;
}

export interface VelocityOptions {
  /** The transformer at a noise level: another where adapters have ranges. */
  ditAt: (level: number) => Dit;
  conditions: DitConditions;
  guidance: Guidance | undefined;
  /** [1, frames], 1 at the valid ones. */
  mask: Tensor;
  channels: number;
}

/** The velocity that a sampler asks for: that of the transformer with the prompt, guided where guidance applies. */
export function velocityOf({ ditAt, conditions, guidance, mask, channels }: VelocityOptions): Velocity {
  const frames = mask.shape[1]!;
  /** Conditions that the present transformer has computed, for the prompt alone and for both; computed on first use. */
  let prepared: { dit?: Dit; alone?: PreparedConditions; both?: PreparedConditions } = {};
  return async (x, t) => {
    const dit = ditAt(t);
    if (prepared.dit !== dit) prepared = { dit };
    const latents = { data: x, shape: [1, channels, frames] };
    if (!guidance || t < guidance.interval.from || t > guidance.interval.to) {
      prepared.alone ??= await dit.condition(conditions);
      return (await dit.run(latents, [t], prepared.alone, mask)).velocity!.data;
    }
    const { negative, interval, ...options } = guidance;
    prepared.both ??= await dit.condition({ ...conditions, cross: stacked(conditions.cross!, negative) });
    const run = await dit.run(stacked(latents, latents), [t, t], prepared.both, stacked(mask, mask));
    const pair = run.velocity!.data;
    return guide(x, t, pair.subarray(0, x.length), pair.subarray(x.length), frames, options);
  };
}
