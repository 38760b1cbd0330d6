import { type ParameterFault, shown } from '@retone/jobs';
import { z } from 'zod';

/** The form of every JSON answer that is no refusal. */
export function envelope<Data extends z.ZodType>(data: Data) {
  return z.object({ code: z.literal(200), message: z.literal('success'), data });
}

export function success<Data>(data: Data): { code: 200; message: 'success'; data: Data } {
  return { code: 200, message: 'success', data };
}

/** The form of every refusal. */
export const failureSchema = z
  .object({
    code: z.int().min(400).max(599).describe('The HTTP status.'),
    message: z.string().describe('What was wrong, and what would be right.'),
    data: z.null(),
    error_code: z.string().describe('What was wrong, for programs.'),
    errors: z
      .array(
        z.object({
          parameter: z.string(),
          given: z.unknown().optional(),
          accepted: z.string().describe('What would be right.'),
        }),
      )
      .optional()
      .describe('Every fault of the parameters, where these were at fault.'),
  })
  .meta({
    id: 'Failure',
    description: 'A refused request.',
    examples: [
      {
        code: 400,
        message: 'guidance_scale must be a number from 0 to 25 (got 99)',
        data: null,
        error_code: 'invalid_parameters',
        errors: [{ parameter: 'guidance_scale', given: 99, accepted: 'a number from 0 to 25' }],
      },
    ],
  });

/** A refused request: an HTTP status, a code for programs, and a sentence for people. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly faults: ParameterFault[] | undefined;
  /** Headers of the answer: when to come again, what is allowed. */
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { faults?: ParameterFault[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.faults = more.faults;
    this.headers = more.headers ?? {};
  }
}

/** The header that says after how many seconds the same request may do better. */
export function retryAfter(seconds: number): { headers: Record<string, string> } {
  return { headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) } };
}

/** More faults than this are no help to anyone. */
const mostFaults = 50;

/** 400 with every fault of the parameters. */
export function invalidParameters(all: ParameterFault[]): ApiError {
  const faults = all.slice(0, mostFaults).map((fault) => ({ ...fault, given: shown(fault.given) }));
  const sentences = faults.map(({ parameter, given, accepted }) => {
    return given === undefined
      ? `${parameter} is missing; it must be ${accepted}`
      : `${parameter} must be ${accepted} (got ${JSON.stringify(given)})`;
  });
  return new ApiError(400, 'invalid_parameters', sentences.join('; '), { faults });
}

/** The answer to a request that failed. What the service did not foresee is told to the log and not to the client. */
export function failure(error: unknown): z.infer<typeof failureSchema> {
  if (error instanceof ApiError) {
    const { status: code, message, code: error_code, faults } = error;
    return { code, message, data: null, error_code, ...(faults ? { errors: faults } : {}) };
  }
  return {
    code: 500,
    message: 'something went wrong in the service; the log has it under the request id',
    data: null,
    error_code: 'internal',
  };
}
