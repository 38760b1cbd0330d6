import { CodedError } from '@retone/common';
import { type ErrorCode, errorStatuses, type Failure, type ParameterFault, shown } from '@retone/contract';

export function success<Data>(data: Data): { code: 200; message: 'success'; data: Data } {
  return { code: 200, message: 'success', data };
}

/** A refused request: a code for programs, which has an HTTP status, and a sentence for people. */
export class ApiError extends CodedError<ErrorCode> {
  readonly status: number;
  readonly faults: ParameterFault[] | undefined;
  /** Headers of the response: when to retry, which methods are allowed. */
  readonly headers: Record<string, string>;

  constructor(
    code: ErrorCode,
    message: string,
    more: { faults?: ParameterFault[]; headers?: Record<string, string> } = {},
  ) {
    super(code, message);
    this.status = errorStatuses[code];
    this.faults = more.faults;
    this.headers = more.headers ?? {};
  }
}

/** The header that says after how many seconds the same request may succeed. */
export function retryAfter(seconds: number): { headers: Record<string, string> } {
  return { headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) } };
}

/** Most faults that a response lists; more would not help anyone. */
const mostFaults = 50;

/** 400 with every fault of the parameters. */
export function invalidParameters(all: ParameterFault[]): ApiError {
  const faults = all.slice(0, mostFaults).map((fault) => ({ ...fault, given: shown(fault.given) }));
  const sentences = faults.map(({ parameter, given, accepted }) => {
    return given === undefined
      ? `${parameter} is missing; it must be ${accepted}`
      : `${parameter} must be ${accepted} (got ${JSON.stringify(given)})`;
  });
  return new ApiError('invalid_parameters', sentences.join('; '), { faults });
}

/** The response to a request that failed. Unexpected errors are written to the log and not shown to the client. */
export function failure(error: unknown): Failure {
  if (error instanceof ApiError) {
    const { status: code, message, code: error_code, faults } = error;
    return { code, message, data: null, error_code, ...(faults ? { errors: faults } : {}) };
  }
  return {
    code: errorStatuses.internal,
    message: 'an unexpected error occurred; the log has it under the request id',
    data: null,
    error_code: 'internal',
  };
}
