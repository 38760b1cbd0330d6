/** What one request to a model costs, in micro-dollars, whatever its parameters. */
export const prices = {
  'stability-ai/stable-audio-3/audio-to-audio': 24_000,
  'stability-ai/stable-audio-3/text-to-audio': 20_600,
  'stability-ai/stable-audio-3/music': 21_700,
  'stability-ai/stable-audio-3/audio-inpainting': 44_200,
  'stability-ai/stable-audio-3/audio-outpainting': 44_600,
} as const;

/** The price of a model in micro-dollars; undefined for a model that is not offered. */
export function priceOf(modelId: string): number | undefined {
  return Object.hasOwn(prices, modelId) ? prices[modelId as keyof typeof prices] : undefined;
}
