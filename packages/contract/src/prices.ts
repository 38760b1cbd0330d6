/** Price of one request to a model, in micro-dollars, whatever its parameters. */
export const prices = {
  'stability-ai/stable-audio-3/audio-to-audio': 24_000,
  'stability-ai/stable-audio-3/text-to-audio': 20_600,
  'stability-ai/stable-audio-3/music': 21_700,
  'stability-ai/stable-audio-3/audio-inpainting': 44_200,
  'stability-ai/stable-audio-3/audio-outpainting': 44_600,
} as const;

/** The id of a public model. */
export type ModelId = keyof typeof prices;

/** Whether a public model has this id. */
export function isModelId(id: string): id is ModelId {
  return Object.hasOwn(prices, id);
}
