import { CodedError } from '@retone/common';
/**
 * Error codes, for programs: a five-character SQLSTATE where Postgres refused a statement ('23505', '40001', ...),
 * or one of Retone's own words.
 */
export type DatabaseErrorCode =
  | 'locked'
  | 'unreachable'
  | 'bad-url'
  | 'bad-folder'
  | 'too-new'
  | 'misuse'
  | (string & {});

/** A database cannot be opened, or refused a statement. Carries no parameter values, so that it may be logged. */
export class DatabaseError extends CodedError<DatabaseErrorCode> {
  /** The constraint that refused a row, where one did. */
  readonly constraint: string | undefined;

  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions & { constraint?: string | undefined }) {
    super(code, message, options);
    this.constraint = options?.constraint;
  }
}

/** Whether `error` is a database's refusal with this SQLSTATE, for example '23505' for a unique violation. */
export function hasCode(error: unknown, code: DatabaseErrorCode): boolean {
  return error instanceof DatabaseError && error.code === code;
}

/** The SQLSTATE of a disk that is full. */
export const diskFull = '53100';

/** Whether a statement failed because the database's disk is full: it still answers reads. */
export function isDiskFull(error: unknown): boolean {
  return hasCode(error, diskFull);
}

/**
 * A driver's error as a DatabaseError, if a server sent it. The drivers' own errors are not passed on: PGlite's hold the
 * parameters, which may be secrets, and neither's stack leads to the caller.
 */
export function translated(error: unknown): unknown {
  if (error instanceof DatabaseError || !(error instanceof Error)) return error;
  if (isConnectionLoss(error))
    return new DatabaseError('unreachable', 'the database does not answer', { cause: error });
  if (!('severity' in error) || !('code' in error)) return error;
  const { code, constraint, message } = error as Error & { code?: string; constraint?: string };
  return new DatabaseError(code ?? 'XX000', message, { constraint });
}

/** Whether a folder cannot be opened because another process has it open. */
export function isLocked(error: unknown): boolean {
  return hasCode(error, 'locked');
}

/** The driver's messages for connections that it could not make, or that broke or fell silent. */
const lossMessages =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout|timeout expired|timeout exceeded when trying to connect)/;

function isConnectionLoss(error: Error): boolean {
  // Node's errors about connections are of a system call, and those of several addresses a list of them.
  return lossMessages.test(error.message) || 'syscall' in error || error instanceof AggregateError;
}

/** SQLSTATEs of a server that is going down, coming up, full, or slower than allowed: the same statement may do later. */
const outages = /^(08...|53...|57P0[1-5]|57014|58030|25P03)$/;

/** Whether a statement failed because of the state of the database, and not because of what it said. */
export function isOutage(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === 'unreachable' || outages.test(error.code));
}

/** The error of a folder that cannot hold a database, because of what the file system says. */
export function badFolder(folder: string, error: unknown): DatabaseError {
  return new DatabaseError('bad-folder', `${folder} cannot hold the database: ${(error as Error).message}`);
}
