import { type ParameterFault, shown } from '@retone/jobs';

/** The form of every JSON answer. */
export interface Envelope<Data> {
  /** The HTTP status. */
  code: number;
  message: string;
  data: Data;
}

export function success<Data>(data: Data): Envelope<Data> {
  return { code: 200, message: 'success', data };
}

/** A refused request: an HTTP status, a code for programs, and a sentence for people. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly faults: ParameterFault[] | undefined;
  /** Seconds after which the same request may do better. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { faults?: ParameterFault[]; retryAfter?: number } = {},
  ) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.faults = more.faults;
    this.retryAfter = more.retryAfter;
  }
}

/** More faults than this are no help to anyone. */
const mostFaults = 50;

/** 400 with every fault of the parameters. */
export function invalidParameters(all: ParameterFault[]): ApiError {
  const faults = all.slice(0, mostFaults).map((fault) => ({ ...fault, given: shown(fault.given) }));
  const sentences = faults.map(({ parameter, given, accepted }) => {
    return given === undefined
      ? `${parameter} is missing: ${accepted}`
      : `${parameter} is ${JSON.stringify(given)}: ${accepted}`;
  });
  return new ApiError(400, 'invalid_parameters', sentences.join('; '), { faults });
}

/** The answer to a request that failed. What the service did not foresee is told to the log and not to the client. */
export function failure(error: unknown): Envelope<null> & { error_code: string; errors?: ParameterFault[] } {
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
