import { RetoneError } from '@retone/client';
import { z } from 'zod';
import { refusalFor } from '../refusals.ts';

/** A number of JSON, or the digits of one in a form. */
export const number = z.preprocess(
  (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
  z.number(),
);

/**
 * Parses a request of another API. Only kinds are checked here: ranges are those of Retone's API, which names them.
 *
 * @throws RetoneError 400 that names every parameter at fault
 */
export function parsed<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const result = schema.safeParse(given ?? {});
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`);
  throw new RetoneError(400, 'invalid_parameters', faults.join('; '));
}

/** The error as the API has it. */
export function refusalOf(error: unknown): RetoneError {
  if (error instanceof RetoneError) return error;
  const known = refusalFor(error as Error);
  if (!known) return new RetoneError(500, 'internal', 'something went wrong in the service');
  const seconds = known.headers['retry-after'];
  return new RetoneError(known.status, known.code, known.message, seconds === undefined ? undefined : Number(seconds));
}

/** HTTP status of a refusal: that of a task that failed is 422 where its parameters were at fault, else 500. */
export function statusOf({ status, code }: RetoneError): number {
  if (status !== 200) return status;
  return /^(invalid_parameters|audio_|source_)/.test(code) ? 422 : 500;
}

/** An object without the fields that are undefined, as optional parameters have them. */
export function given<Fields extends object>(fields: Fields): { [Name in keyof Fields]: NonNullable<Fields[Name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
