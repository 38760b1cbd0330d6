/** The four things one can do, each with the last part of the ids of its models. */
export const verbs = {
  transform: { title: 'Transform', models: ['audio-to-audio'], action: 'Transform' },
  generate: { title: 'Generate', models: ['music', 'text-to-audio'], action: 'Generate' },
  inpaint: { title: 'Inpaint', models: ['audio-inpainting'], action: 'Fill in' },
  extend: { title: 'Extend', models: ['audio-outpainting'], action: 'Extend' },
} as const;

export type Verb = keyof typeof verbs;
export const verbNames = Object.keys(verbs) as Verb[];

/** The verbs that work on a recording. */
export const editingVerbs = ['transform', 'inpaint', 'extend'] as const satisfies Verb[];

export const takesSource = (verb: Verb): boolean => verb !== 'generate';

/** Which verb made a task. */
export function verbOf(modelId: string): Verb {
  const name = modelId.split('/').at(-1)!;
  return verbNames.find((verb) => (verbs[verb].models as readonly string[]).includes(name)) ?? 'generate';
}
