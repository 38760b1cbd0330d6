import { modelNamed, type Parameter, parametersOf } from '../service/catalogue.ts';
import type { Region } from '../sound/transport.ts';
import type { Source } from '../state/bench.ts';
import type { Form } from '../state/form.ts';

/** Parameters that the form does not show: how the answer comes, and what has a place of its own. */
const hidden = [
  'enable_sync_mode',
  'enable_base64_output',
  'enable_preview',
  'webhook_url',
  'output_format',
  'output_bit_depth',
  'audio',
  'prompt',
  'regions',
  'mask_start_seconds',
  'mask_end_seconds',
  'loras',
];
/** How far a transform departs from its source unless it is set: the rhythm stays, the instrument changes. */
const defaultLevel = 0.5;

const has = (model: string, name: string) => parametersOf(modelNamed(model)).some((each) => each.name === name);

/** The parameters that the form shows as fields. */
export function fieldsOf(model: string): Parameter[] {
  return parametersOf(modelNamed(model)).filter(({ name }) => !hidden.includes(name));
}

const rounded = (seconds: number) => Math.round(seconds * 100) / 100;

/** A parameter where nothing was set: what the recording suggests, or the default of the page or of the model. */
export function defaultOf(
  { name, minimum = 0, maximum = Number.POSITIVE_INFINITY, default: own }: Parameter,
  duration?: number,
): unknown {
  if (name === 'duration' && duration !== undefined) return Math.min(Math.max(rounded(duration), minimum), maximum);
  if (name === 'init_noise_level') return defaultLevel;
  return own;
}

/** The regions of a recording that are regenerated; the middle third if none was marked. */
export function regionsOf(source: Source | undefined, duration: number): Region[] {
  const marked = source?.regions?.filter(({ start }) => start < duration);
  if (marked && marked.length > 0)
    return marked.map(({ start, end }) => ({ start, end: Math.min(end, rounded(duration)) }));
  return [{ start: rounded(duration * 0.35), end: rounded(duration * 0.65) }];
}

/** The value of a field: the recording's own length, what was set, or the default. */
export function settingOf(parameter: Parameter, form: Form, source: Source | undefined, duration?: number): unknown {
  const isOwn = parameter.name === 'duration' && duration !== undefined;
  const set = isOwn ? source?.length : form.values[parameter.name];
  return set ?? defaultOf(parameter, duration);
}

/** A task's parameters as the form has them, without the recording. */
export function inputOf(form: Form, source: Source | undefined, duration?: number): Record<string, unknown> {
  const { model, values } = form;
  const input: Record<string, unknown> = { prompt: String(values.prompt ?? '').trim() };
  for (const parameter of fieldsOf(model)) {
    const value = settingOf(parameter, form, source, duration);
    if (value !== undefined && value !== '') input[parameter.name] = value;
  }
  if (has(model, 'mask_start_seconds') && duration !== undefined) {
    const regions = regionsOf(source, duration);
    const [{ start, end }] = regions as [Region];
    // One region is sent as clients of the hosted service send it.
    Object.assign(input, regions.length > 1 ? { regions } : { mask_start_seconds: start, mask_end_seconds: end });
  }
  const adapters = Object.entries((values.adapters ?? {}) as Record<string, number>);
  if (adapters.length > 0) input.loras = adapters.map(([id, strength]) => ({ id, strength }));
  if (has(model, 'enable_preview')) input.enable_preview = true;
  // Without loss; formats are converted at the download.
  if (has(model, 'output_bit_depth')) input.output_bit_depth = 24;
  return { ...input, output_format: 'flac' };
}
