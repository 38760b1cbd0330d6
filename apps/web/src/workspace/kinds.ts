/** The four things one can do, each with the last part of the ids of its models. */
export const kinds = {
  transform: { title: 'Transform', models: ['audio-to-audio'], verb: 'Transform' },
  generate: { title: 'Generate', models: ['music', 'text-to-audio'], verb: 'Generate' },
  inpaint: { title: 'Inpaint', models: ['audio-inpainting'], verb: 'Fill in' },
  extend: { title: 'Extend', models: ['audio-outpainting'], verb: 'Extend' },
} as const;

export type Kind = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as Kind[];

/** Which of them made a task. */
export function kindOf(modelId: string): Kind {
  const name = modelId.split('/').at(-1)!;
  return kindNames.find((kind) => (kinds[kind].models as readonly string[]).includes(name)) ?? 'generate';
}
