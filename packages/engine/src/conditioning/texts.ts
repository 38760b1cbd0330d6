import type { Reading, Vocabulary } from './words.ts';

const listedWords = 8;

/** The texts of a request as a model reads them. */
export interface Texts {
  prompt: string;
  negativePrompt: string | undefined;
  /** Sentences about what is read otherwise than it was written. */
  warnings: string[];
}

/**
 * Reads the texts of a request. What the prompt asks to leave out moves to the negative prompt if there is guidance (`guided`)
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
