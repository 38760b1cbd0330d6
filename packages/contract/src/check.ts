import { z } from 'zod';
import type { PublicModel } from './models.ts';
import { shortName } from './models.ts';
import { deliveryParameters, type Lora, type ParameterName, parametersWith, type TaskInput } from './parameters.ts';

/** One fault of a request: the parameter, the value that was given, and what is accepted. */
export interface ParameterFault {
  parameter: string;
  given: unknown;
  accepted: string;
}

/** Most unknown parameters that a warning names. */
const mostNamed = 10;

/**
 * Checks the parameters of a task. A null counts as absent, because clients in languages without optional values send it;
 * unknown parameters are dropped with a warning.
 *
 * @returns the input with defaults and the warnings, or every fault at once
 */
export function checkInput(
  model: PublicModel,
  given: unknown,
): { input: z.infer<PublicModel['schema']>; warnings: string[] } | { faults: ParameterFault[] } {
  const body = withoutNulls(given);
  const result = model.schema.safeParse(body);
  if (result.success) return { input: withStrengths(result.data), warnings: warningsOf(body as object, model) };
  const all = result.error.issues.map((issue) => faultOf(issue, body, model));
  // One value can break several rules (not a safe integer, and above the maximum); `accepted` names them all.
  return { faults: [...new Map(all.toReversed().map((fault) => [fault.parameter, fault])).values()].toReversed() };
}

/** Renames an adapter's `scale` to `strength`. */
function withStrengths<Input extends TaskInput>({ loras, ...input }: Input): Input {
  if (!loras) return input as Input;
  const named = (loras as (Lora & { scale?: number })[]).map(({ scale, strength = scale ?? 1, ...rest }) => ({
    ...rest,
    strength,
  }));
  return { ...input, loras: named } as unknown as Input;
}

/** A value without the nulls in its objects. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const given = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(given.map(([name, inner]) => [name, withoutNulls(inner)]));
}

function warningsOf(body: object, { id, parameters }: PublicModel): string[] {
  // Some clients repeat the address of the request as `model`.
  const known = new Set<string>([...parameters, ...Object.keys(deliveryParameters), 'model']);
  const unknown = Object.keys(body).filter((name) => !known.has(name));
  if (unknown.length === 0) return [];
  const names = unknown.slice(0, mostNamed).map((name) => String(shown(name)));
  const more = unknown.length > mostNamed ? ` and ${unknown.length - mostNamed} more` : '';
  return [`${names.join(', ')}${more} had no effect: ${shortName(id)} does not have this parameter`];
}

function faultOf(issue: z.core.$ZodIssue, body: unknown, model: PublicModel): ParameterFault {
  const parameter = String(issue.path[0] ?? 'the body');
  const given = issue.path.length ? (body as Record<string, unknown>)?.[parameter] : body;
  const schema = { ...parametersWith(model.limits), ...deliveryParameters }[parameter as ParameterName];
  const isRule = issue.code === 'custom' && issue.path.length === 1;
  const accepted = isRule ? issue.message : schema ? acceptedBy(schema) : 'a JSON object';
  return { parameter, given: shown(given), accepted };
}

const kinds: Record<string, string> = {
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  string: 'a text',
};

/** The values that a parameter accepts, in words that follow "must be". */
function acceptedBy(schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { io: 'input' }) as {
    type?: string;
    format?: string;
    enum?: (string | number)[];
    minimum?: number;
    maximum?: number;
    minLength?: number;
    maxLength?: number;
    maxItems?: number;
    items?: { properties?: Record<string, unknown> };
  };
  if (json.type === 'array' && json.items?.properties?.start) {
    return `a list of 1 to ${json.maxItems} regions, each with a start and a later end in seconds`;
  }
  if (json.type === 'array')
    return `a list of at most ${json.maxItems} adapters, each with an id or a path, and a strength (or scale) from -10 to 10`;
  if (json.enum) return `one of ${json.enum.join(', ')}`;
  if (json.format === 'uri') return 'a URL';
  const kind = kinds[json.type!]!;
  if (json.type === 'string')
    return json.maxLength ? `${kind} of ${json.minLength ?? 0} to ${json.maxLength} characters` : kind;
  if (json.minimum === undefined) return kind;
  return json.maximum === undefined
    ? `${kind} from ${json.minimum}`
    : `${kind} from ${json.minimum} to ${json.maximum}`;
}

/** A value from outside, short enough for a message. */
export function shown(value: unknown): unknown {
  // JSON has no infinity; a number too large for JavaScript becomes one.
  if (value === Infinity || value === -Infinity) return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text !== undefined && text.length > 80 ? `${cut(text, 77)}...` : value;
}

/** The first characters of a text, without half a surrogate pair at the end. */
export function cut(text: string, length: number): string {
  return text.slice(0, /[\ud800-\udbff]/.test(text[length - 1] ?? '') ? length - 1 : length);
}
