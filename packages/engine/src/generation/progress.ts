import type { GenerateOptions, Progress, Stage } from './options.ts';

/** How the time of a generation divides among its stages, roughly; only progress bars depend on it. */
const stageShare: Record<Stage, [from: number, to: number]> = {
  text: [0, 0.02],
  encode: [0.02, 0.15],
  sample: [0.15, 0.85],
  decode: [0.85, 1],
};

/** Takes how far a stage is, 0 to 1. */
export type Report = (stage: Stage, done: number, more?: Partial<Progress>) => void;

/** Turns the progress of a stage into that of the whole generation. */
export function reporterOf({ onProgress }: Pick<GenerateOptions, 'onProgress'>): Report {
  return (stage, done, more = {}) => {
    const [from, to] = stageShare[stage];
    onProgress?.({ stage, fraction: from + (to - from) * done, ...more });
  };
}
