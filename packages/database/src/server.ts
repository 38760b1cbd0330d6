import pg from 'pg';
import { checkChannel, type Database, type Queryable, type Row } from './database.ts';
import { DatabaseError, translated } from './errors.ts';
import { Listener } from './listener.ts';
import { parsers, toText } from './text.ts';
import { refuseInside, runTransaction } from './transaction.ts';

/** A Postgres server, through a pool of connections. */
export async function openServer(url: string): Promise<Database> {
  const where = described(url);
  const database = new ServerDatabase(url);
  try {
    await database.query('SELECT 1');
  } catch (cause) {
    await database.close();
    const reason = (cause as Error).message || (cause as { code?: string }).code;
    throw new DatabaseError('unreachable', `cannot use the database at ${where}: ${reason}`, { cause });
  }
  return database;
}

/** A URL without its user and password. */
function described(url: string): string {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new DatabaseError('bad-url', 'a database URL has the form postgres://user:password@host:port/name');
  }
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

class ServerDatabase implements Database {
  readonly kind = 'postgres';
  readonly #pool: pg.Pool;
  readonly #listener: Listener;
  #closed: Promise<void> | undefined;

  constructor(url: string) {
    const config: pg.ClientConfig = {
      connectionString: url,
      application_name: 'retone',
      keepAlive: true,
      connectionTimeoutMillis: 30_000,
      types: { getTypeParser: (type: number) => parsers[type] ?? String },
    };
    this.#pool = new pg.Pool(config);
    // An idle connection was lost. The pool has dropped it and makes another when one is needed.
    this.#pool.on('error', () => {});
    this.#listener = new Listener(config);
  }

  async query<R extends Row = Row>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    refuseInside(this);
    return run(this.#pool, sql, parameters);
  }

  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    const begin = async (inside: (connection: Queryable) => Promise<T>) => {
      const client = await this.#pool.connect();
      // A connection lost while no statement runs; the next statement says so.
      const ignore = () => {};
      client.on('error', ignore);
      let broken: Error | undefined;
      try {
        await run(client, 'BEGIN', []);
        const result = await inside({ query: (sql, parameters = []) => run(client, sql, parameters) });
        await commit(client);
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((failure: Error) => {
          broken = failure;
        });
        throw error;
      } finally {
        client.off('error', ignore);
        client.release(broken);
      }
    };
    return runTransaction(this, begin, work);
  }

  async listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>> {
    checkChannel(channel);
    refuseInside(this);
    return this.#listener.listen(channel, onNotify);
  }

  async notify(channel: string, payload: string): Promise<void> {
    checkChannel(channel);
    await this.query('SELECT pg_notify($1, $2)', [channel, payload]);
  }

  async tidy(): Promise<void> {}

  close(): Promise<void> {
    this.#closed ??= this.#listener.close().then(() => this.#pool.end());
    return this.#closed;
  }
}

/** @throws DatabaseError 25P02 when Postgres rolled back instead, because a statement failed and `work` went on regardless */
async function commit(client: pg.PoolClient): Promise<void> {
  try {
    const { command } = await client.query('COMMIT');
    if (command === 'ROLLBACK') throw new DatabaseError('25P02', 'the transaction was rolled back: a statement failed');
  } catch (error) {
    throw translated(error);
  }
}

async function run<R extends Row>(
  on: pg.Pool | pg.PoolClient,
  sql: string,
  parameters: readonly unknown[],
): Promise<R[]> {
  try {
    if (parameters.length > 0) return (await on.query<R>(sql, parameters.map(toText))).rows;
    // Several statements answer with a list of results, which the types do not tell; an empty one has no rows.
    const result = (await on.query<R>(sql)) as pg.QueryResult<R> | pg.QueryResult<R>[];
    return [result].flat().flatMap((each) => each.rows ?? []);
  } catch (error) {
    throw translated(error);
  }
}
