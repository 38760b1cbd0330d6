/** How a parameter is shown to a musician. Its label is in `shared/parameter-names.ts`. */
export interface Words {
  help: string;
  /** What its least and its largest value mean. */
  ends?: [string, string];
  unit?: string;
  /** Step of its slider. */
  step?: number;
  /** As far as its slider goes; its number may be larger. */
  reach?: number;
  /** Shown only where asked for. */
  fine?: boolean;
}

const words: Record<string, Words> = {
  negative_prompt: { help: 'What should not be heard. Only used when “Prompt strictness” is above 1.', fine: true },
  duration: { help: 'How long the result is.', unit: 's', step: 0.5 },
  extend_seconds_before: { help: 'How much to add in front.', unit: 's', step: 0.5, reach: 30 },
  extend_seconds_after: { help: 'How much to add at the end.', unit: 's', step: 0.5, reach: 30 },
  num_inference_steps: {
    help: 'More steps take longer and can add detail.',
    ends: ['faster', 'more detailed'],
    step: 1,
    fine: true,
  },
  guidance_scale: {
    help: 'How closely the prompt is followed. High values can sound harsh.',
    ends: ['looser', 'to the letter'],
    step: 0.5,
    fine: true,
  },
  seed: { help: 'The same number gives the same result again. Empty: a new one every time.', fine: true },
};

/** The words of a parameter. One that has none is shown among the fine tuning. */
export function wordsFor(name: string): Words {
  return words[name] ?? { help: '', fine: true };
}

/** Prompts to start from, made of words that the built-in model knows well. */
export const ideas = {
  transform: ['distorted guitar, dark', 'choir, spacious', 'brass, bright, dry', 'bells, dark, spacious'],
  generate: ['strings, dark, spacious', 'drums, dry', 'ocean waves', 'distorted guitar with drums'],
  inpaint: ['choir, spacious', 'drums', 'bells, bright', 'strings, dark'],
  extend: ['strings, spacious', 'drums, dry', 'choir, dark', 'brass, bright'],
} as const;
