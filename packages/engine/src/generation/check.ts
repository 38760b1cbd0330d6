import { choice } from '../choice.ts';
import { EngineError } from '../errors.ts';
import type { Region } from '../lengths.ts';
import type { Model } from '../model.ts';
import { assertLevels } from '../sampling/level-range.ts';
import { type GenerateOptions, unconditionals } from './options.ts';

const duration = 'the duration in seconds';

/**
 * Checks the values of a request that can be checked without loading a model.
 *
 * @throws EngineError on a value out of range
 */
export function checkOptions(
  model: Pick<Model, 'maxSeconds' | 'sampleRate'>,
  options: Omit<GenerateOptions, 'prompt' | 'seconds'> & { seconds?: number | undefined },
): void {
  const within = (name: string, value: number | undefined, min: number, max: number, integer = false) => {
    if (value === undefined || (value >= min && value <= max && (!integer || Number.isInteger(value)))) return;
    throw new EngineError(
      name === duration && value > max ? 'too-long' : 'invalid-argument',
      `${name} must be ${integer ? 'an integer ' : ''}between ${shown(min, Math.ceil)} and ${shown(max, Math.floor)} (got ${value})`,
    );
  };
  // A duration that was a number of samples may lie in the middle of the last one.
  const longest = model.maxSeconds + 0.5 / model.sampleRate;
  within(duration, options.seconds, 1 / model.sampleRate, longest);
  within('the initial noise level', options.initNoiseLevel, 0, 1);
  within('the number of steps', options.steps, 1, 1000, true);
  within('the guidance scale', options.guidanceScale, 0, 100);
  within('the APG scale', options.apgScale, 0, 1);
  within('the guidance rescale', options.guidanceRescale, 0, 1);
  within('the guidance norm threshold', options.guidanceNormThreshold, 1e-6, 1e6);
  if (options.guidanceInterval) assertLevels('the guidance interval', options.guidanceInterval);
  if (options.unconditional !== undefined) choice('the unconditional branch', unconditionals, options.unconditional);
  if (options.ceiling !== 'off') within('the ceiling', options.ceiling, 0.1, 1);
  within('the seed', options.seed, 0, Number.MAX_SAFE_INTEGER, true);
  for (const region of options.inpaint?.regions ?? []) assertRegion(region);
}

/** A bound with six digits, rounded (`Math.ceil` or `Math.floor`) to the side that is accepted. */
function shown(bound: number, round: (value: number) => number): number {
  if (Number.isInteger(bound)) return bound;
  const scale = 10 ** (5 - Math.floor(Math.log10(Math.abs(bound))));
  return Number((round(bound * scale) / scale).toPrecision(6));
}

/** @throws EngineError when a region has no length, or begins before the recording */
export function assertRegion({ start, end }: Region): void {
  if (start >= 0 && end > start) return;
  throw new EngineError(
    'invalid-argument',
    `a region must have a start of at least 0 s and an end after it (got ${start}-${end} s)`,
  );
}
