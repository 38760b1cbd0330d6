/** How a parameter is shown to a musician. */
export interface Words {
  label: string;
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

/** The parameters of the models in words. One that is missing here is shown under its own name. */
export const words: Record<string, Words> = {
  prompt: {
    label: 'Prompt',
    help: 'Say what it should sound like: the instrument, the mood, the room.',
  },
  negative_prompt: {
    label: 'Avoid',
    help: 'What should not be heard. It counts when “Prompt strictness” is above 1.',
    fine: true,
  },
  duration: { label: 'Length', help: 'How long the result is.', unit: 's', step: 0.5 },
  init_noise_level: {
    label: 'Strength',
    help: 'Low keeps your notes and timing; high lets the prompt take over.',
    ends: ['closer to the source', 'further away'],
    step: 0.01,
  },
  mask_start_seconds: { label: 'From', help: 'Where the new part begins.', unit: 's', step: 0.1 },
  mask_end_seconds: { label: 'To', help: 'Where the new part ends.', unit: 's', step: 0.1 },
  extend_seconds_before: { label: 'Before', help: 'How much to add in front.', unit: 's', step: 0.5, reach: 30 },
  extend_seconds_after: { label: 'After', help: 'How much to add at the end.', unit: 's', step: 0.5, reach: 30 },
  num_inference_steps: {
    label: 'Steps',
    help: 'More steps take longer and work the sound out further.',
    ends: ['faster', 'more worked out'],
    step: 1,
    fine: true,
  },
  guidance_scale: {
    label: 'Prompt strictness',
    help: 'How closely the prompt is followed. High values can sound harsh.',
    ends: ['looser', 'to the letter'],
    step: 0.5,
    fine: true,
  },
  seed: {
    label: 'Seed',
    help: 'The same number gives the same result again. Empty: a new one every time.',
    fine: true,
  },
};

/** The words of a parameter. */
export function wordsFor(name: string): Words {
  const spaced = name.replaceAll('_', ' ');
  return words[name] ?? { label: spaced[0]!.toUpperCase() + spaced.slice(1), help: '', fine: true };
}

/** Prompts to start from. */
export const ideas = {
  transform: [
    'dark cinematic ambient with deeper low end, distant metallic resonance, slower pacing, spacious mix',
    'warm analog synth pad, slow, spacious',
    'the same riff as a bowed cello in a cathedral',
    'accordion, bright, dry',
  ],
  generate: [
    'slow harp melody, warm, spacious',
    'rain on a tin roof',
    'funk bass line with drums',
    'ocean waves, wide, slow',
    'marimba groove, bright, dry',
  ],
  inpaint: ['harp arpeggio', 'drum fill, energetic', 'soft choir, spacious', 'solo flute, warm'],
  extend: ['the band comes in', 'fades into a warm pad', 'the riff goes on, louder', 'slow strings, spacious'],
} as const;
