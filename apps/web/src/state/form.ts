import { create } from 'zustand';
import { type Verb, verbNames, verbs } from './verbs.ts';

/** What was set in the form of a verb. */
export interface Form {
  /** Last part of the model's id. */
  model: string;
  /** By parameter; what is absent is at its default. */
  values: Record<string, unknown>;
  /** How many results one press makes, each with a seed of its own. */
  variations: number;
}

type Forms = Record<Verb, Form>;
const place = 'retone.forms';

/** The tab's own forms; a new tab begins with those that were changed last. */
function readForms(): Forms {
  const text = sessionStorage.getItem(place) ?? localStorage.getItem(place) ?? '{}';
  let kept: Partial<Forms> = {};
  try {
    kept = JSON.parse(text);
  } catch {
    // Another program has written there: begin afresh.
  }
  return Object.fromEntries(
    verbNames.map((verb) => {
      const models = verbs[verb].models as readonly string[];
      const { model, values = {}, variations = 1 } = kept[verb] ?? {};
      return [verb, { model: models.includes(model ?? '') ? model : models[0], values, variations }];
    }),
  ) as Forms;
}

export const useForms = create<Forms>(readForms);
useForms.subscribe((forms) => {
  const text = JSON.stringify(forms);
  sessionStorage.setItem(place, text);
  localStorage.setItem(place, text);
});

export function setForm(verb: Verb, change: Partial<Form>): void {
  useForms.setState((forms) => ({ [verb]: { ...forms[verb], ...change } }));
}

/** Sets a parameter; undefined puts it back to its default. */
export function setValue(verb: Verb, name: string, value: unknown): void {
  setValues(verb, { [name]: value });
}

export function setValues(verb: Verb, change: Record<string, unknown>): void {
  const { values } = useForms.getState()[verb];
  const next = Object.entries({ ...values, ...change }).filter(([, value]) => value !== undefined);
  setForm(verb, { values: Object.fromEntries(next) });
}
