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

/** Words after which a text names what is to be left out. */
export const negations = new Set([
  'no',
  'not',
  'never',
  'less',
  'without',
  'minus',
  'except',
  'excluding',
  'exclude',
  'remove',
  'removing',
  'omit',
  'w/o',
  'sans',
]);

/** Negations of the one word that follows. */
export const shortNegations = new Set(['not', 'less', 'never']);
