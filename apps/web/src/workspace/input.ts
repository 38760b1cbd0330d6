import { modelNamed, type Parameter, parametersOf } from '../service/catalogue.ts';
import type { WorkspaceState } from './store.ts';

/** Parameters that are no concern of a musician: how the answer comes. */
const delivery = ['enable_sync_mode', 'enable_base64_output', 'webhook_url'];
/** Results are kept without loss, and converted when they are downloaded. */
const resultFormat = 'flac';

/** The parameters that a form shows. */
export function formParameters(model: string): Parameter[] {
  const hidden = [...delivery, 'output_format', 'audio'];
  return parametersOf(modelNamed(model)).filter(({ name }) => !hidden.includes(name));
}

/** A parameter as it is for a source: a region lies within it. */
export function fitted(parameter: Parameter, source: { sound: { duration: number } } | undefined): Parameter {
  if (!source || !parameter.name.startsWith('mask_')) return parameter;
  return { ...parameter, maximum: Math.round(source.sound.duration * 100) / 100 };
}

/** What a parameter is where nothing was set: the model's default, or what the source suggests. */
export function defaultOf(parameter: Parameter, source: { sound: { duration: number } } | undefined): unknown {
  const { name, minimum = 0, maximum = Number.POSITIVE_INFINITY } = parameter;
  const length = source?.sound.duration;
  if (length !== undefined) {
    const rounded = Math.round(length * 100) / 100;
    if (name === 'duration') return Math.min(Math.max(rounded, minimum), maximum);
    if (name === 'mask_start_seconds') return Math.round(length * 35) / 100;
    if (name === 'mask_end_seconds') return Math.round(length * 65) / 100;
  }
  return parameter.default;
}

/** A task's parameters as the workspace has them, without the recording. */
export function inputOf(state: Pick<WorkspaceState, 'model' | 'values' | 'source'>): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const parameter of formParameters(state.model)) {
    const value = state.values[parameter.name] ?? defaultOf(parameter, state.source);
    if (value !== undefined && value !== '') input[parameter.name] = value;
  }
  return { ...input, output_format: resultFormat };
}

/** A parameter's number as the workspace has it. */
export function numberOf(state: Pick<WorkspaceState, 'model' | 'values' | 'source'>, name: string): number {
  const parameter = formParameters(state.model).find((each) => each.name === name);
  return Number(state.values[name] ?? (parameter && defaultOf(parameter, state.source)) ?? 0);
}
