import type { Words } from '@retone/checkpoint';

/** A text as a model reads it. */
export interface Reading {
  text: string;
  /** Words without a meaning to the model, which the text leaves out. */
  unknown: string[];
  /** Words that others stand for, and those. */
  replaced: [word: string, by: string][];
  /** What the text asked to leave out; it is not in the text any more. */
  excluded: string[];
}

/** A word of a text, and what becomes of it. */
interface Token {
  text: string;
  /** Lower case, without diacritics. */
  word: string;
  /** What stands between the previous word and this one. */
  gap: string;
  /** What the model reads instead; empty: nothing. */
  read: string;
}

const wordPattern = /\bw\/o\b|[\p{L}\p{N}]+(?:(?:['’.+-]|\/(?=\d))[\p{L}\p{N}]+)*[#♯♭]?/gu;
/** Words after which a text names what is to be left out. */
const negations = new Set([
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
const shortNegations = new Set(['not', 'less', 'never']);
/** Words between a negation and what it leaves out. */
const determiners = new Set([
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
const joiners = new Set(['and', 'or', 'nor']);
const dangling = new Set([
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
/** Endings of inflected words, and what their stems end in instead. */
const inflections: [RegExp, string[]][] = [
  [/['’]s$/, ['']],
  [/ies$/, ['y']],
  [/es$/, ['', 'e']],
  [/s$/, ['']],
  [/([a-z])\1ing$/, ['$1']],
  [/ing$/, ['', 'e']],
  [/([a-z])\1ed$/, ['$1']],
  [/ed$/, ['', 'e']],
  [/ier$/, ['y']],
  [/iest$/, ['y']],
  [/er$/, ['', 'e']],
  [/est$/, ['', 'e']],
  [/ily$/, ['y']],
  [/ly$/, ['']],
  [/ish$/, ['']],
  [/y$/, ['', 'e']],
  [/$/, ['s', 'es', 'ing', 'ed', 'y']],
];
const keyNote = /^[a-h](?:#|♯|♭|b|-?flat|-?sharp|is|es)?$/;
const keyModes: Record<string, string> = { major: 'major', maj: 'major', minor: 'minor', min: 'minor' };
const listedWords = 8;

/** What a model has learnt to read, and how words that it has not learnt are read: as the nearest one, or not at all. */
export class Vocabulary {
  readonly #known: ReadonlySet<string>;
  /** Known words by their spelling without hyphens. */
  readonly #compact = new Map<string, string>();
  readonly #ignored: ReadonlySet<string>;
  readonly #negatable: ReadonlySet<string>;
  readonly #phrases: ReadonlySet<string>;
  readonly #nearest = new Map<string, string>();
  readonly #tempos: [phrase: string, from: number, to: number][] | undefined;

  constructor(words: Words) {
    this.#known = new Set(words.known);
    for (const word of words.known) this.#compact.set(word.replaceAll('-', ''), word);
    this.#ignored = new Set(words.ignored);
    this.#negatable = new Set(words.negatable);
    this.#phrases = new Set(words.phrases);
    for (const [by, all] of Object.entries(words.nearest)) for (const word of all) this.#nearest.set(word, by);
    this.#tempos = words.tempo && Object.entries(words.tempo).map(([phrase, [from, to]]) => [phrase, from, to]);
  }

  /**
   * Reads a text. Where the model knows every word of it, it stays as it is. `negated`: the whole text says what should not
   * be there, so that "no drums" means drums.
   */
  read(text: string, { negated = false } = {}): Reading {
    const tokens = tokensOf(text);
    const reading: Reading = { text, unknown: [], replaced: [], excluded: [] };
    for (let i = 0; i < tokens.length; )
      i +=
        this.#negation(tokens, i, reading, negated) ||
        this.#tempo(tokens, i, reading) ||
        this.#word(tokens, i, reading);
    if (tokens.every((token) => token.read === token.text)) {
      if (!this.#says(tokens)) reading.text = '';
    } else {
      reading.text = this.#says(tokens) ? joined(tokens, text) : '';
    }
    reading.unknown = [...new Set(reading.unknown)];
    return reading;
  }

  /** Whether more is left than words that say nothing about sound. */
  #says(tokens: readonly Token[]): boolean {
    return tokens.some(({ read }) => read !== '' && !this.#ignored.has(read.toLowerCase()));
  }

  /** Reads a negation and what it is about; the number of tokens read, 0 where there is none. */
  #negation(tokens: Token[], at: number, reading: Reading, negated: boolean): number {
    const first = tokens[at]!;
    const lacking = /^(.{3,}?)-?(?:less|free)$/.exec(first.word)?.[1];
    const lacked = lacking && !this.#known.has(first.word) && !this.#nearest.has(first.word) && this.#form(lacking);
    if (lacked) {
      const learnt = [`${lacked}s`, lacked].find((word) => this.#negatable.has(word));
      first.read = negated ? lacked : learnt ? `no ${learnt}` : '';
      if (!negated && !learnt) reading.excluded.push(lacked);
      return 1;
    }
    if (!negations.has(first.word)) return 0;
    const end = scopeEnd(tokens, at);
    if (negated) {
      first.read = '';
      return 1;
    }
    const scope = tokens.slice(at + 1, end);
    if (
      this.#phrases.has(
        tokens
          .slice(at, end)
          .map(({ word }) => word)
          .join(' '),
      )
    )
      return end - at;
    const items = itemsOf(scope);
    const inner: Reading = { text: '', unknown: [], replaced: [], excluded: [] };
    for (let i = at + 1; i < end; ) i += this.#word(tokens, i, inner);
    const learnt = (item: Token[]) =>
      item.some(({ read }) =>
        read
          .toLowerCase()
          .split(' ')
          .some((word) => this.#negatable.has(word)),
      );
    if (first.word !== 'less' && items.length > 0 && items.every(learnt)) {
      if (!this.#known.has(first.word)) {
        first.read = 'no';
        for (const token of scope) if (determiners.has(token.word)) token.read = '';
      }
      reading.replaced.push(...inner.replaced);
      reading.unknown.push(...inner.unknown);
      return end - at;
    }
    for (const item of items) {
      const read = item
        .map((token) => token.read)
        .filter(Boolean)
        .join(' ');
      if (read) reading.excluded.push(read);
    }
    for (const token of tokens.slice(at, end)) token.read = '';
    reading.unknown.push(...inner.unknown);
    return end - at;
  }

  /** Reads "128 BPM", "bpm 128", "128bpm", "tempo 128"; the number of tokens read. */
  #tempo(tokens: Token[], at: number, reading: Reading): number {
    const [a, b, c, d] = tokens.slice(at, at + 4).map(({ word }) => word);
    const isNumber = (word: string | undefined) => word !== undefined && /^\d{2,3}(?:\.\d+)?$/.test(word);
    let [beats, count] = [Number.NaN, 0];
    const glued = /^(\d{2,3})bpm$/.exec(a!);
    if (glued) [beats, count] = [Number(glued[1]), 1];
    else if (isNumber(a) && b === 'bpm') [beats, count] = [Number(a), 2];
    else if (isNumber(a) && b === 'beats' && c === 'per' && d === 'minute') [beats, count] = [Number(a), 4];
    else if ((a === 'bpm' || a === 'tempo') && isNumber(b)) [beats, count] = [Number(b), c === 'bpm' ? 3 : 2];
    if (count === 0 || this.#tempos === undefined) return count;
    const said = tokens.slice(at, at + count);
    const [phrase] = this.#tempos.find(([, from, to]) => beats >= from && beats < to) ?? [];
    const name = said.map(({ text }) => text).join(' ');
    for (const token of said) token.read = '';
    if (phrase === undefined) reading.unknown.push(name);
    else {
      said[0]!.read = phrase;
      reading.replaced.push([name, phrase]);
    }
    return count;
  }

  /** Reads one word, or two that belong together; the number of tokens read. */
  #word(tokens: Token[], at: number, reading: Reading): number {
    const token = tokens[at]!;
    const next = tokens[at + 1];
    if (next && /^[\s-]*$/.test(next.gap)) {
      const mode = keyNote.test(token.word) && keyModes[next.word];
      if (mode && !(token.word === 'a' && token.text === 'a')) {
        if (!this.#known.has(token.word)) token.read = '';
        if (this.#known.has(mode)) next.read = mode;
        return this.#known.has(mode) ? 2 : 1;
      }
      const pair = `${token.word} ${next.word}`;
      const [whole] = [`${token.word}-${next.word}`, token.word + next.word].filter((word) => this.#known.has(word));
      const apart = this.#known.has(token.word) && this.#known.has(next.word);
      const instead = apart ? undefined : (this.#nearest.get(pair) ?? whole);
      if (instead !== undefined) {
        token.read = instead;
        next.read = '';
        if (instead !== whole) reading.replaced.push([`${token.text} ${next.text}`, instead]);
        return 2;
      }
    }
    const { word } = token;
    if (this.#known.has(word)) token.read = plain(token);
    else if (this.#ignored.has(word)) token.read = '';
    else {
      const form = this.#form(word);
      const parts = word.split(/[-/]/);
      if (form !== undefined) token.read = form;
      else if (this.#nearestOf(word) !== undefined) {
        token.read = this.#nearestOf(word)!;
        reading.replaced.push([token.text, token.read]);
      } else if (parts.length > 1) {
        const read = tokensOf(parts.join(' '));
        for (let i = 0; i < read.length; ) i += this.#word(read, i, reading);
        token.read = read
          .map((part) => part.read)
          .filter(Boolean)
          .join(' ');
      } else {
        token.read = '';
        reading.unknown.push(token.text);
      }
    }
    return 1;
  }

  /** The form in which the model knows a word: itself, another inflection, or without its hyphens. */
  #form(word: string): string | undefined {
    if (this.#known.has(word)) return word;
    return this.#compact.get(word.replaceAll('-', '')) ?? stemsOf(word).find((stem) => this.#known.has(stem));
  }

  #nearestOf(word: string): string | undefined {
    const form = [word, word.replaceAll('-', ''), ...stemsOf(word)].find((stem) => this.#nearest.has(stem));
    return form === undefined ? undefined : this.#nearest.get(form);
  }
}

/** The texts of a request as a model reads them. */
export interface Texts {
  prompt: string;
  negativePrompt: string | undefined;
  /** Sentences about what is read otherwise than it was written. */
  warnings: string[];
}

/**
 * Reads the texts of a request. What the prompt asks to leave out goes to the negative prompt where there is guidance (`guided`)
 * away from it.
 */
export function readTexts(
  vocabulary: Vocabulary,
  { prompt, negativePrompt, guided }: { prompt: string; negativePrompt: string | undefined; guided: boolean },
): Texts {
  const read = vocabulary.read(prompt);
  const other =
    negativePrompt === undefined || !guided ? undefined : vocabulary.read(negativePrompt, { negated: true });
  const warnings = [...about(read, 'the prompt'), ...(other ? about(other, 'the negative prompt') : [])];
  if (read.excluded.length > 0) {
    const what = listed(read.excluded);
    warnings.push(
      `the model has not learnt to leave things out by "no" or "without": ${what} is left out of the prompt` +
        (guided ? ', and is in the negative prompt instead' : ''),
    );
  }
  const away = guided ? [other?.text ?? '', ...read.excluded].filter(Boolean).join(', ') : '';
  return { prompt: read.text, negativePrompt: away || other?.text || negativePrompt, warnings };
}

function about({ unknown, replaced }: Reading, name: string): string[] {
  const out: string[] = [];
  if (unknown.length > 0)
    out.push(`the model does not know the words: ${listed(unknown)}; ${name} is read without them`);
  if (replaced.length > 0) {
    const pairs = [...new Map(replaced)].map(([word, by]) => `"${word}" as "${by}"`);
    out.push(`in ${name}, the model reads ${listed(pairs)}`);
  }
  return out;
}

function listed(words: readonly string[]): string {
  const more = words.length - listedWords;
  return words.slice(0, listedWords).join(', ') + (more > 0 ? `, and ${more} more` : '');
}

function tokensOf(text: string): Token[] {
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
function plain({ text, word }: Token): string {
  const shouted = text.length > 3 && text === text.toUpperCase() && /\p{Lu}/u.test(text);
  return shouted || text.toLowerCase() !== word ? word : text;
}

function stemsOf(word: string): string[] {
  return inflections.flatMap(([ending, instead]) =>
    ending.test(word) ? instead.map((end) => word.replace(ending, end)).filter((stem) => stem.length > 2) : [],
  );
}

/** Where that which a negation leaves out ends: at punctuation, at a word of {@link ends}, or after four words. */
function scopeEnd(tokens: readonly Token[], at: number): number {
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

/** What a negation leaves out, one after another: the words between "and" and "or", without determiners. */
function itemsOf(scope: readonly Token[]): Token[][] {
  const items: Token[][] = [[]];
  for (const token of scope) {
    if (joiners.has(token.word)) items.push([]);
    else if (!determiners.has(token.word)) items.at(-1)!.push(token);
  }
  return items.filter((item) => item.length > 0);
}

/** The words that are left, with the punctuation that stood between them. */
function joined(tokens: readonly Token[], text: string): string {
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

/** What a text adds to the words before it that are the same: "acoustic" and "acoustic guitar" make "acoustic guitar". */
function withoutOverlap(before: string, text: string): string {
  const [last, words] = [before.slice(-60).toLowerCase().split(' '), text.split(' ')];
  for (let count = Math.min(last.length, words.length); count > 0; count--) {
    if (last.slice(-count).join(' ') === words.slice(0, count).join(' ').toLowerCase())
      return words.slice(count).join(' ');
  }
  return text;
}
