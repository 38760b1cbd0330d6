import type { Words } from '@retone/checkpoint';
import { negations } from './links.ts';
import { determiners, itemsOf, scopeEnd } from './scopes.ts';
import { joined, plain, type Token, tokensOf } from './tokens.ts';

/** A text as a model reads it. */
export interface Reading {
  text: string;
  /** Words without a meaning to the model, which the text leaves out. */
  unknown: string[];
  /** Words that others stand for, and those. */
  replaced: [word: string, by: string][];
  /** The excluded items, removed from the text. */
  excluded: string[];
}

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

/** The words that a model has learnt, and replacements for others: the nearest known word, or none. */
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

function stemsOf(word: string): string[] {
  return inflections.flatMap(([ending, instead]) =>
    ending.test(word) ? instead.map((end) => word.replace(ending, end)).filter((stem) => stem.length > 2) : [],
  );
}
