import { clock } from '../shared/format.ts';
import type { Region } from '../sound/transport.ts';
import { change, findSource, type Run } from '../state/bench.ts';
import { setForm, setValues, useForms } from '../state/form.ts';
import { did } from '../state/undo.ts';
import { verbs } from '../state/verbs.ts';

/** One thing that a result was made with, and how it is put back into the form. */
export interface Setting {
  text: string;
  /** Parameters that it consists of. */
  values: Record<string, unknown>;
}

const span = ({ start, end }: Region) => `${clock(start)}–${clock(end)}`;

/** The regions that an inpainting regenerated. */
export function regionsIn(input: Record<string, unknown>): Region[] {
  if (Array.isArray(input.regions)) return input.regions as Region[];
  if (input.mask_start_seconds === undefined) return [];
  return [{ start: Number(input.mask_start_seconds), end: Number(input.mask_end_seconds) }];
}

/** What a result was made with, the most telling first. */
export function settingsOf({ input, model, task, place }: Run): Setting[] {
  const list: Setting[] = [];
  const add = (text: string, ...names: string[]) =>
    list.push({ text, values: Object.fromEntries(names.map((name) => [name, input[name]])) });
  const regions = regionsIn(input);
  if (input.init_noise_level !== undefined) add(`level ${input.init_noise_level}`, 'init_noise_level');
  if (regions.length > 0) list.push({ text: `region ${regions.map(span).join(', ')}`, values: { regions } });
  if (input.extend_seconds_before) add(`+${input.extend_seconds_before} s before`, 'extend_seconds_before');
  if (input.extend_seconds_after) add(`+${input.extend_seconds_after} s after`, 'extend_seconds_after');
  if (input.num_inference_steps !== undefined) add(`${input.num_inference_steps} steps`, 'num_inference_steps');
  if (input.guidance_scale !== undefined) add(`guidance ${input.guidance_scale}`, 'guidance_scale');
  if (input.negative_prompt) add(`avoid ${input.negative_prompt}`, 'negative_prompt');
  const loras = (input.loras ?? []) as { id?: string; strength: number }[];
  if (loras.length > 0) {
    const adapters = Object.fromEntries(loras.map(({ id = '', strength }) => [id, strength]));
    list.push({ text: `${loras.length} ${loras.length === 1 ? 'adapter' : 'adapters'}`, values: { adapters } });
  }
  list.push({ text: model.split('/').at(-1)!, values: {} });
  if (place === 'device') list.push({ text: 'on this device', values: {} });
  if (task) list.push({ text: `seed ${task.seed}`, values: { seed: task.seed } });
  return list;
}

/** Puts settings back into the form of the verb that made a result. */
export function reuse(run: Run, settings: Setting[], withPrompt = false): void {
  const { verb } = run;
  const before = useForms.getState()[verb];
  const source = findSource(run.sourceId);
  const values = Object.assign({}, ...settings.map((each) => each.values)) as Record<string, unknown>;
  const { regions, ...others } = values;
  if (withPrompt) others.prompt = run.input.prompt;
  setForm(verb, { model: modelOf(run) });
  setValues(verb, others);
  if (regions && source) change('source', source.id, { regions: regions as Region[] });
  did(`Took over ${settings.length === 1 ? settings[0]!.text : 'all settings'}`, () => {
    setForm(verb, before);
    if (regions && source) change('source', source.id, { regions: source.regions });
  });
}

function modelOf({ verb, model }: Run): string {
  const name = model.split('/').at(-1)!;
  const { models } = verbs[verb];
  return (models as readonly string[]).includes(name) ? name : models[0];
}
