import { type CheckpointError, parseWords } from '@retone/checkpoint';
import { describe, expect, test } from 'vitest';
import { readTexts } from '../src/conditioning/texts.ts';
import { Vocabulary } from '../src/conditioning/words.ts';

const known =
  'a acoustic and as bass bright cello dark deeper drum drums fast guitar hall harp hip hop in it large lo-fi low end major make minor no of piano reverb rock slow synth tempo the turn voice with without';
const base = {
  known: known.split(' '),
  ignored: 'a and as in into is it make of please the turn with better'.split(' '),
  nearest: {
    'acoustic guitar': ['lute', 'ballad'],
    piano: ['klavier', 'pianist'],
    'synth bass': ['wobble'],
    harp: ['hang drum', 'hand pan'],
  },
  phrases: ['no reverb'],
};
const plain = new Vocabulary(parseWords({ ...base, tempo: { 'slow tempo': [0, 80], 'fast tempo': [132, 1000] } }));
const learnt = new Vocabulary(parseWords({ ...base, known: [...base.known, 'bpm'], negatable: ['drums', 'bass'] }));
const read = (text: string, vocabulary = plain) => vocabulary.read(text).text;

describe('a text that the model knows', () => {
  test.each([
    '',
    'Dark piano, in a large hall',
    'dark  Piano ,with   the cello.',
    'no reverb',
    'rock, no reverb',
    'A minor piano',
    'deeper low end',
    'hip hop',
  ])('stays as it is: %j', (text) => {
    expect(plain.read(text)).toEqual({ text, unknown: [], replaced: [], excluded: [] });
  });
});

describe('other words', () => {
  test.each([
    ['qwertz uiop', ''],
    ['the', ''],
    ['make it better', ''],
    ['dark qwertz piano, uiop', 'dark piano'],
    ['turn it into a lute', 'turn it acoustic guitar'],
    ['acoustic ballad', 'acoustic guitar'],
    ['wobble bass', 'synth bass'],
    ['PIANO', 'piano'],
    ['píano', 'piano'],
    ['Pianos & harps', 'piano & harp'],
    ['darkest cello', 'dark cello'],
    ["the cello's voice", 'the cello voice'],
    ['lofi', 'lo-fi'],
    ['lo fi hip-hop', 'lo-fi hip hop'],
    ['a hang-drum', 'harp'],
    ['hang drum', 'harp'],
    ['cello with uiop', 'cello'],
    ['uiop and cello', 'cello'],
    ['cello!', 'cello!'],
    ['C# minor, piano', 'minor, piano'],
    ['piano in Bb maj', 'piano in major'],
  ])('%j is read as %j', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test('are named as they were written, each once, and a few of many', () => {
    const { unknown, replaced } = plain.read('Qwertz, a Klavier and Qwertz ÜIOP');
    expect(unknown).toEqual(['Qwertz', 'ÜIOP']);
    expect(replaced).toEqual([['Klavier', 'piano']]);
    const many = Array.from({ length: 20 }, (_, i) => `zz${String.fromCharCode(97 + i)}q`).join(' ');
    expect(readTexts(plain, { prompt: many, negativePrompt: undefined, guided: false }).warnings).toEqual([
      expect.stringMatching(/^the model does not know the words: zzaq, (zz.q, ){7}and 12 more; /),
    ]);
  });
});

describe('tempo', () => {
  test.each([
    ['rock 60 BPM', 'rock slow tempo'],
    ['rock, 150bpm', 'rock, fast tempo'],
    ['rock at tempo 150', 'rock fast tempo'],
    ['rock 100 bpm', 'rock'],
  ])('of a model that has learnt no numbers: %j is read as %j', (text, expected) => {
    expect(read(text)).toBe(expected);
  });
  test('is left to a model that has learnt numbers', () => {
    for (const text of ['rock 60 BPM', 'rock, 150bpm', '100 beats per minute']) expect(read(text, learnt)).toBe(text);
  });
});

describe('what is to be left out', () => {
  test.each([
    ['no drums', '', ['drums']],
    ['rock, no drums', 'rock', ['drums']],
    ['rock without any drums or bass, dark', 'rock, dark', ['drums', 'bass']],
    ['rock with no dark acoustic guitar', 'rock', ['dark acoustic guitar']],
    ['piano w/o reverb', 'piano', ['reverb']],
    ['remove the drums', '', ['drums']],
    ['drumless rock', 'rock', ['drum']],
    ['not too bright piano', 'piano', ['bright']],
    ['less bass, piano', 'piano', ['bass']],
    ['no', '', []],
  ])('%j, of a model that has not learnt it, is read as %j', (text, expected, excluded) => {
    expect(plain.read(text)).toMatchObject({ text: expected, excluded });
  });

  test.each([
    ['rock, no drums', 'rock, no drums'],
    ['rock without any drums', 'rock without drums'],
    ['remove the drums', 'no drums'],
    ['drumless rock', 'no drums rock'],
    ['rock, no cello', 'rock'],
  ])('%j, of a model that has learnt it of drums and bass, is read as %j', (text, expected) => {
    expect(read(text, learnt)).toBe(expected);
  });

  test('moves to the negative prompt with guidance; there "no" is not said twice', () => {
    const texts = { prompt: 'rock, no drums', negativePrompt: 'no bass, uiop' };
    expect(readTexts(plain, { ...texts, guided: true })).toMatchObject({
      prompt: 'rock',
      negativePrompt: 'bass, drums',
    });
    expect(readTexts(plain, { ...texts, guided: false })).toMatchObject({
      prompt: 'rock',
      negativePrompt: 'no bass, uiop',
    });
    expect(readTexts(plain, { prompt: 'rock', negativePrompt: undefined, guided: true })).toEqual({
      prompt: 'rock',
      negativePrompt: undefined,
      warnings: [],
    });
  });
});

test('words.json is checked key by key', () => {
  const problem = (json: unknown) => {
    try {
      parseWords(json);
    } catch (error) {
      return (error as CheckpointError).message;
    }
  };
  expect(problem({})).toMatch(/^words\.json: known is /);
  expect(problem({ known: ['a'], tempo: { slow: [0] } })).toMatch(/tempo\.slow/);
  expect(problem({ known: ['a'], more: 1 })).toMatch(/words\.json/);
});
