/**
 * What went wrong, for programs: a five-character SQLSTATE where Postgres refused a statement ('23505', '40001', ...),
 * or one of Retone's own words.
 */
export type DatabaseErrorCode = 'locked' | 'unreachable' | 'bad-url' | 'bad-folder' | 'misuse' | (string & {});

/** A database cannot be opened, or refused a statement. Carries no parameter values, so that it may be logged. */
export class DatabaseError extends Error {
  readonly code: DatabaseErrorCode;
  /** The constraint that refused a row, where one did. */
  readonly constraint: string | undefined;

  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions & { constraint?: string | undefined }) {
    super(message, options);
    this.name = 'DatabaseError';
    this.code = code;
    this.constraint = options?.constraint;
  }
}

/** Whether `error` is a database's refusal with this SQLSTATE, for example '23505' for a unique violation. */
export function hasCode(error: unknown, code: DatabaseErrorCode): boolean {
  return error instanceof DatabaseError && error.code === code;
}

/**
 * What a driver threw, as a DatabaseError if a server sent it. The drivers' own errors are not passed on: PGlite's hold the
 * parameters, which may be secrets, and neither's stack leads to the caller.
 */
export function translated(error: unknown): unknown {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return error;
  const { code, constraint, message } = error as Error & { code?: string; constraint?: string };
  return new DatabaseError(code ?? 'XX000', message, { constraint });
}

/** The error of a folder that cannot hold a database, because of what the file system says. */
export function badFolder(folder: string, error: unknown): DatabaseError {
  return new DatabaseError('bad-folder', `${folder} cannot hold the database: ${(error as Error).message}`);
}
