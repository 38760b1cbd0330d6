/** The cache cannot be written; the caller does without it. The message says why. */
export class CacheError extends Error {}
