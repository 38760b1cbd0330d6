import { dangling } from './links.ts';

/** A word of a text, and what becomes of it. */
export interface Token {
  text: string;
  /** Lower case, without diacritics. */
  word: string;
  /** The text between the previous word and this one. */
  gap: string;
  /** The replacement that the model reads; empty if the word is left out. */
  read: string;
}

const wordPattern = /\bw\/o\b|[\p{L}\p{N}]+(?:(?:['’.+-]|\/(?=\d))[\p{L}\p{N}]+)*[#♯♭]?/gu;

export function tokensOf(text: string): Token[] {
  let end = 0;
  return [...text.matchAll(wordPattern)].map(({ 0: word, index }) => {
    const gap = text.slice(end, index);
    end = index + word.length;
    return { text: word, word: bareOf(word), gap, read: word };
  });
}

/** Lower case, without diacritics and typographic apostrophes. */
function bareOf(word: string): string {
  return word.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('’', "'").toLowerCase();
}

/** A known word as it is to be read: as it is written, but for shouted words and diacritics. */
export function plain({ text, word }: Token): string {
  const shouted = text.length > 3 && text === text.toUpperCase() && /\p{Lu}/u.test(text);
  return shouted || text.toLowerCase() !== word ? word : text;
}

/** The words that are left, with the punctuation that stood between them. */
export function joined(tokens: readonly Token[], text: string): string {
  const kept = [...tokens];
  const drop = (token: Token | undefined) => token && (token.read === '' || dangling.has(token.read.toLowerCase()));
  while (drop(kept.at(-1))) kept.pop();
  const last = /[.!?]\s*$/.exec(text)?.[0].trim() ?? '';
  let [out, gap, replaced] = ['', '', false];
  for (const token of kept) {
    gap += token.gap;
    if (token.read === '') continue;
    const mark = /[,;:.!?+&/()]/.exec(gap)?.[0];
    const here = token.read !== token.text;
    const read = mark === undefined && (here || replaced) ? withoutOverlap(out, token.read) : token.read;
    replaced = here;
    if (read === '') continue;
    if (here && mark === undefined) out = out.replace(/(^| )an?$/i, '');
    out += out === '' ? '' : mark === undefined ? ' ' : ',.;:!?'.includes(mark) ? `${mark} ` : ` ${mark} `;
    out += read;
    gap = '';
  }
  return out.replace(/^(?:and|or|but|with)\s+/i, '') + (out ? last : '');
}

/** A text without the words that repeat the end of the previous text: "acoustic" and "acoustic guitar" make "acoustic guitar". */
function withoutOverlap(before: string, text: string): string {
  const [last, words] = [before.slice(-60).toLowerCase().split(' '), text.split(' ')];
  for (let count = Math.min(last.length, words.length); count > 0; count--) {
    if (last.slice(-count).join(' ') === words.slice(0, count).join(' ').toLowerCase())
      return words.slice(count).join(' ');
  }
  return text;
}
