/** APIs of other services that Retone understands besides its own. */
export const dialectNames = ['elevenlabs', 'openai', 'stability', 'fal'] as const;

export type DialectName = (typeof dialectNames)[number];
