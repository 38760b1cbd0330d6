import type { ParameterFault } from '@retone/jobs';
import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { invalidParameters } from './envelope.ts';

/** Checks what a request holds by the schema that its route declares; every fault is told at once. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (value) => {
    // What the request does not have arrives as null.
    const result = schema.safeParse(value ?? {});
    if (result.success) return { value: result.data };
    return { error: invalidParameters(result.error.issues.flatMap((issue) => faults(issue, value))) };
  };

function faults(issue: z.core.$ZodIssue, value: unknown): ParameterFault[] {
  const at = (path: PropertyKey[]) =>
    path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null)?.[key], value);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      parameter: [...issue.path, key].join('.'),
      given: at([...issue.path, key]),
      accepted: 'no such parameter',
    }));
  }
  return [{ parameter: issue.path.join('.') || 'the body', given: at(issue.path), accepted: issue.message }];
}
