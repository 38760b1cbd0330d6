/** Words that link others; without something on both sides they mean nothing. */
export const joiners = new Set(['and', 'or', 'nor']);

/** Words that a text must not end with. */
export const dangling = new Set([
  ...joiners,
  'with',
  'but',
  'a',
  'an',
  'the',
  'of',
  'in',
  'at',
  'on',
  'to',
  'for',
  'by',
  'from',
  'into',
  'as',
]);
