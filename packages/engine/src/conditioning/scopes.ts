import { joiners, negations, shortNegations } from './links.ts';
import type { Token } from './tokens.ts';

/** Words between a negation and what it leaves out. */
export const determiners = new Set([
  'any',
  'the',
  'a',
  'an',
  'more',
  'all',
  'some',
  'too',
  'much',
  'very',
  'of',
  'single',
  'so',
]);

/** Words that end what a negation leaves out. */
const ends = new Set([
  'with',
  'but',
  'in',
  'on',
  'at',
  'from',
  'into',
  'to',
  'becomes',
  'as',
  'then',
  'just',
  'only',
  'instead',
  'played',
  'is',
  'for',
  'by',
  'than',
  'like',
  'turned',
  'make',
  'made',
]);

/** Where that which a negation leaves out ends: at punctuation, at a word of {@link ends}, or after four words. */
export function scopeEnd(tokens: readonly Token[], at: number): number {
  const longest = shortNegations.has(tokens[at]!.word) ? 1 : 4;
  let [end, words] = [at + 1, 0];
  for (; end < tokens.length; end++) {
    const { word, gap } = tokens[end]!;
    if (/[^\s'"-]/.test(gap) || ends.has(word) || negations.has(word)) break;
    if (joiners.has(word)) {
      words = 0;
      continue;
    }
    if (!determiners.has(word) && ++words > longest) break;
  }
  while (end > at + 1 && joiners.has(tokens[end - 1]!.word)) end--;
  return end;
}

/** The items that a negation excludes: the words between "and" and "or", without determiners. */
export function itemsOf(scope: readonly Token[]): Token[][] {
  const items: Token[][] = [[]];
  for (const token of scope) {
    if (joiners.has(token.word)) items.push([]);
    else if (!determiners.has(token.word)) items.at(-1)!.push(token);
  }
  return items.filter((item) => item.length > 0);
}
