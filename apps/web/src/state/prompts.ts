import { create } from 'zustand';
import { type Form, setForm, useForms } from './form.ts';
import { did } from './undo.ts';
import type { Verb } from './verbs.ts';

/** Settings under a name. */
export interface Preset {
  name: string;
  verb: Verb;
  form: Form;
}

interface Kept {
  /** Prompts that were used, latest first. */
  history: string[];
  presets: Preset[];
}

const place = 'retone.prompts';
const mostPrompts = 30;

function stored(): Kept {
  try {
    return { history: [], presets: [], ...JSON.parse(localStorage.getItem(place) ?? '{}') };
  } catch {
    return { history: [], presets: [] };
  }
}

/** Prompts and presets of this browser. */
export const usePrompts = create<Kept>(stored);
addEventListener('storage', ({ key }) => {
  if (key === place) usePrompts.setState(stored());
});

/** Changes what is stored now: another tab may have changed it since. */
function update(change: (kept: Kept) => Partial<Kept>): void {
  const kept = stored();
  const next = { ...kept, ...change(kept) };
  localStorage.setItem(place, JSON.stringify(next));
  usePrompts.setState(next);
}

export function rememberPrompt(prompt: string): void {
  update(({ history }) => ({ history: [prompt, ...history.filter((each) => each !== prompt)].slice(0, mostPrompts) }));
}

export function savePreset(name: string, verb: Verb): void {
  const preset = { name, verb, form: useForms.getState()[verb] };
  update(({ presets }) => ({
    presets: [...presets.filter((each) => each.name !== name || each.verb !== verb), preset],
  }));
}

export function removePreset(preset: Preset): void {
  const isIt = ({ name, verb }: Preset) => name === preset.name && verb === preset.verb;
  update(({ presets }) => ({ presets: presets.filter((each) => !isIt(each)) }));
  did(`Deleted the preset ${preset.name}`, () => update(({ presets }) => ({ presets: [...presets, preset] })));
}

export function applyPreset({ name, verb, form }: Preset): void {
  const before = useForms.getState()[verb];
  setForm(verb, form);
  did(`Took the preset ${name}`, () => setForm(verb, before));
}
