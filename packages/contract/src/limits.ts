/** Limits and defaults of the checkpoint that serves a model. */
export interface ModelLimits {
  /** Longest result that a request may ask for, in seconds. */
  maxSeconds: number;
  /** Longest audio that the checkpoint makes, including a recording that is kept, in seconds. */
  totalSeconds: number;
  steps: number;
  guidanceScale: number;
}

/** Longest audio of the hosted service, in seconds; also the most that outpainting adds on one side. */
export const longestSeconds = 380;

/** The limits of the hosted service. */
export const contractLimits: ModelLimits = {
  maxSeconds: 120,
  totalSeconds: longestSeconds,
  steps: 8,
  guidanceScale: 1,
};

/** Longest prompt, in UTF-16 code units: tokenizing takes time and memory in proportion. */
export const maxPromptCharacters = 10_000;

/** How far a transform departs from its recording by default: 0 returns the recording, 1 keeps nothing of it. */
export const defaultNoiseLevel = 0.9;

/** Default end of an inpainting mask, in seconds. */
export const defaultMaskEnd = 5;

/** Most regions of one inpainting. */
export const maxRegions = 16;

/** Most adapters (LoRA) for one task. */
export const maxLoras = 4;
