import type { Keep } from './keep.ts';

/** A browser keeps nothing between loads of a model. */
export const keep: Keep | undefined = undefined;
