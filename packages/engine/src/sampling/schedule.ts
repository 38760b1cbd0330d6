import type { SamplingShift } from '@retone/checkpoint';

/** The shift of sampling if a configuration names none, as the published ones do not. It does not depend on length. */
const publishedShift: SamplingShift = {
  type: 'logsnr',
  anchor_length: 2000,
  anchor_logsnr: -6.2,
  rate: 0,
  logsnr_end: 2,
};

/**
 * `monotone` warps the schedule from 1 to 0 and multiplies it by sigmaMax, so that it only ever falls. `reference` warps
 * the schedule from sigmaMax to 0: for sigmaMax < 1 its inner points exceed sigmaMax, which loses most of the source
 * (spec, section 6). At sigmaMax = 1 the two are the same.
 */
export type ScheduleKind = 'monotone' | 'reference';

export interface ScheduleOptions {
  steps: number;
  /** Where the schedule starts: 1 to generate, the initial noise level for audio-to-audio; 0 < sigmaMax <= 1. */
  sigmaMax: number;
  shift?: SamplingShift | undefined;
  /** Length of the sequence in latent frames, for shifts that depend on it. */
  frames: number;
  kind: ScheduleKind;
}

/** The noise levels of a generation: `steps + 1` values from sigmaMax to 0. */
export function noiseSchedule({
  steps,
  sigmaMax,
  shift = publishedShift,
  frames,
  kind,
}: ScheduleOptions): Float64Array {
  const length = Math.max(frames, 1);
  const start = kind === 'monotone' ? 1 : sigmaMax;
  const sigmas = Float64Array.from({ length: steps + 1 }, (_, i) => warp(shift, start * (1 - i / steps), length));
  if (kind === 'monotone') for (let i = 0; i <= steps; i++) sigmas[i]! *= sigmaMax;
  sigmas[0] = sigmaMax;
  return sigmas;
}

/** Warps a time in [0, 1] (1 = noise) by a distribution shift; 0 stays 0 and 1 stays 1. Formulas: the reference's distribution_shift.py. */
function warp(shift: SamplingShift, t: number, frames: number): number {
  switch (shift.type) {
    case 'none':
      return t;
    case 'flux': {
      const alpha = Math.exp(
        interpolate(shift, Math.log, frames, Math.log(shift.alpha_min), Math.log(shift.alpha_max)),
      );
      return (alpha * t) / (1 + (alpha - 1) * t);
    }
    case 'full': {
      const mu = -interpolate(shift, (x) => x, frames, shift.base_shift, shift.max_shift);
      // Grouped so that 0 stays exactly 0, which samplers take for the end.
      const warped = 1 - Math.exp(mu) / (Math.exp(mu) + (1 / (1 - t) - 1));
      return shift.use_sine ? Math.sin((warped * Math.PI) / 2) : warped;
    }
    case 'logsnr': {
      if (t <= 0 || t >= 1) return t <= 0 ? 0 : 1;
      const start = shift.anchor_logsnr - shift.rate * Math.log2(frames / shift.anchor_length);
      return 1 / (1 + Math.exp(shift.logsnr_end - t * (shift.logsnr_end - start)));
    }
  }
}

/** Between two values by where a length lies between the two lengths of a shift, on the given axis. */
function interpolate(
  range: { min_length: number; max_length: number },
  axis: (length: number) => number,
  frames: number,
  atMin: number,
  atMax: number,
): number {
  const { min_length: min, max_length: max } = range;
  if (min === max) return atMin;
  const clamped = Math.min(Math.max(frames, min), max);
  return atMin + ((atMax - atMin) * (axis(clamped) - axis(min))) / (axis(max) - axis(min));
}
