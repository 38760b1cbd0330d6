import { type ParameterFault, withoutNulls } from '@retone/contract';
import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { invalidParameters } from './envelope.ts';

/** Checks what a request holds by the schema that its route declares, and reports every fault at once. A null is absent. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (value) => {
    // A missing part of the request arrives as null.
    const given = withoutNulls(value ?? {});
    const result = schema.safeParse(given);
    if (result.success) return { value: result.data };
    return { error: invalidParameters(result.error.issues.map((issue) => fault(issue, given))) };
  };

function fault(issue: z.core.$ZodIssue, value: unknown): ParameterFault {
  const given = issue.path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | null)?.[key],
    value,
  );
  return { parameter: issue.path.join('.') || 'the body', given, accepted: acceptedBy(issue) };
}

const kinds: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a JSON object',
  record: 'a JSON object',
};

const units: Record<string, string> = { string: ' characters long', array: ' items long' };

/** The accepted values, in words that follow "must be". Schemas have their own message where this one would not be enough. */
function acceptedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return kinds[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.join(', ')}`;
    case 'too_small':
    case 'too_big': {
      const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
      return `${bound}${units[issue.origin] ?? ''}`;
    }
    case 'invalid_format':
    case 'custom':
      return issue.message;
    default:
      return 'something else';
  }
}
