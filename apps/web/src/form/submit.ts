import { start } from '../runs/running.ts';
import { modelNamed } from '../service/catalogue.ts';
import { useSounds } from '../sound/sounds.ts';
import { type Source, shownSources, useBench } from '../state/bench.ts';
import { type Form, useForms } from '../state/form.ts';
import { rememberPrompt } from '../state/prompts.ts';
import { useTimeline } from '../state/timeline.ts';
import { takesSource, type Verb } from '../state/verbs.ts';
import { inputOf } from './input.ts';

/** What is missing in a form, by place. */
export interface Faults {
  prompt?: string;
  source?: string;
}

/** Levels that a sweep makes. */
export const sweepLevels = [0.3, 0.5, 0.7, 0.9];

export interface Submission {
  /** Every recording on the bench, with one prompt. */
  batch?: boolean;
  /** One result for each of the sweep's levels, with one seed. */
  sweep?: boolean;
}

/** Milliseconds in which a second press is part of a double click. */
const doublePress = 500;
let last = { at: 0, what: '' };

/** Starts what the form says. @returns what is missing; then nothing was started */
export function submit(verb: Verb, { batch = false, sweep = false }: Submission = {}): Faults {
  const form = useForms.getState()[verb];
  const { sources, selected } = useBench.getState();
  const selectedSource = shownSources(sources).find(({ id }) => id === selected);
  const faults: Faults = {
    ...(String(form.values.prompt ?? '').trim()
      ? {}
      : { prompt: 'Say what it should sound like, or take one of these.' }),
    ...(takesSource(verb) && !selectedSource ? { source: 'Choose a recording first.' } : {}),
    ...(takesSource(verb) && useTimeline.getState().trim ? { source: 'Finish or cancel trimming first.' } : {}),
  };
  if (faults.prompt) document.querySelector<HTMLElement>('textarea[name=prompt]')?.focus();
  if (faults.prompt || faults.source) return faults;
  const press = { at: performance.now(), what: JSON.stringify([verb, form, selected, batch, sweep]) };
  if (press.what === last.what && press.at - last.at < doublePress) return {};
  last = press;
  rememberPrompt(String(form.values.prompt).trim());
  const chosen = batch ? shownSources(sources) : [selectedSource];
  for (const source of takesSource(verb) ? chosen : [undefined]) startOn(verb, form, source, sweep);
  return {};
}

function startOn(verb: Verb, form: Form, source: Source | undefined, sweep: boolean): void {
  const facts = source && useSounds.getState().facts[source.id];
  const input = inputOf(form, source, facts?.duration);
  const model = modelNamed(form.model).model_id;
  const begin = (change: Record<string, unknown>) =>
    void start({ verb, model, input: { ...input, ...change }, source });
  const seed = Number(input.seed ?? -1);
  if (sweep) {
    // With one seed, so that the level alone differs.
    const shared = seed >= 0 ? seed : Math.floor(Math.random() * 2 ** 32);
    for (const level of sweepLevels) begin({ init_noise_level: level, seed: shared });
    return;
  }
  for (let i = 0; i < form.variations; i++) {
    // Each with a seed of its own, or they would all be the same.
    begin(i > 0 && seed >= 0 ? { seed: seed + i } : {});
  }
}
