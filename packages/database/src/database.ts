import { DatabaseError } from './errors.ts';

/** A result row by column name. Callers name its shape; the database does not check it. */
// biome-ignore lint/suspicious/noExplicitAny: `unknown` would keep interfaces from being row types.
export type Row = Record<string, any>;

/** Something that runs SQL: a database, or a transaction in one. */
export interface Queryable {
  /**
   * Runs a statement with $1, $2, ... for its parameters. Without parameters it may be several statements, separated by
   * semicolons; the answer is then the rows of them all. `text.ts` says how values are written and read.
   *
   * @throws DatabaseError with the SQLSTATE as its code when the statement is refused
   */
  query<R extends Row = Row>(sql: string, parameters?: readonly unknown[]): Promise<R[]>;
}

export interface TransactionOptions {
  /** Lets its statements take as long as they need: for changes of the schema, and for waiting until others have made them. */
  patient?: boolean | undefined;
}

/** Connections of this process. */
export interface Connections {
  total: number;
  idle: number;
  /** Statements that wait for a connection to be free. */
  waiting: number;
}

/** An open database. The SQL is Postgres's on both kinds. */
export interface Database extends Queryable {
  readonly kind: 'pglite' | 'postgres';
  /**
   * Runs `work` in a transaction at READ COMMITTED and commits, or rolls back and rethrows. After a serialisation failure or
   * a deadlock `work` is run again, up to 5 times in all, so it must have no effect outside the database. Inside `work` only
   * `tx` may be used: PGlite has one connection, on which the database itself waits for the transaction's end. Doing
   * otherwise is an error on both kinds. A statement that takes longer than the database's time limit fails; so does a
   * transaction in which nothing happens for that long.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Runs `work` while no other process does anything under the same lock; others wait. `work` may use the database.
   *
   * @param lock any number, as long as nothing else in the database takes the same advisory lock
   */
  exclusively<T>(lock: number, work: () => Promise<T>): Promise<T>;
  /**
   * Calls `onNotify` for each notification on a channel until the returned function is called. A lost connection is made
   * again, but what was sent meanwhile is lost, so listeners must also poll.
   *
   * @param channel lower-case letters, digits and underscores
   */
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>;
  /**
   * Sends a notification to every process that listens on the channel. Inside a transaction, `SELECT pg_notify($1, $2)` does
   * the same at its commit.
   *
   * @param payload less than 8000 bytes
   */
  notify(channel: string, payload: string): Promise<void>;
  /**
   * Makes room of deleted rows usable again and the write-ahead log short. A server does so by itself; PGlite has nobody who
   * would, so it is to be called about once a day.
   */
  tidy(): Promise<void>;
  /**
   * Writes all of the database into a file, as of one moment, while it is in use; `restoreDatabase` reads it.
   *
   * @throws DatabaseError `no-tool` or `tool-failed` where a server's own program is needed
   */
  backup(path: string): Promise<void>;
  /** The connections that there are; PGlite has one, in this process. */
  connections(): Connections;
  /** Waits for statements under way and closes. An open database keeps the process alive. */
  close(): Promise<void>;
}

/**
 * Runs `work` in one transaction: in the one that `on` is, or in a separate one if `on` is a database. For operations of
 * several statements that stand alone as well as inside a caller's transaction.
 */
export function atomically<T>(on: Queryable | Database, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return 'transaction' in on ? on.transaction(work) : work(on);
}

/** @throws DatabaseError `misuse` for a name that would have to be quoted */
export function checkChannel(channel: string): void {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(channel)) {
    throw new DatabaseError(
      'misuse',
      `"${channel}" is not a channel name: use up to 63 of a-z, 0-9 and _, no digit first`,
    );
  }
}
