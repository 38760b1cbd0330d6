import pg from 'pg';
import {
  type Connections,
  checkChannel,
  type Database,
  type Queryable,
  type Row,
  type TransactionOptions,
} from './database.ts';
import { DatabaseError, hasCode, translated } from './errors.ts';
import { cutOff, Listener } from './listener.ts';
import { parsers, toText } from './text.ts';
import { runTool } from './tools.ts';
import { refuseInside, runTransaction } from './transaction.ts';

/** Limits on the use of a server. */
export interface ServerLimits {
  /** Milliseconds for a statement and its answer. A connection that answers no more is given up after this time. */
  timeoutMs: number;
  /** Most connections at once, beside one for notifications. */
  connections: number;
}

const defaultLimits: ServerLimits = { timeoutMs: 15_000, connections: 10 };
/** Longest wait for a new connection, or for one of the pool to be free, in milliseconds. */
const longestConnecting = 10_000;
/** Milliseconds that a statement without a limit may take. */
const patience = 24 * 3600 * 1000;
/** Milliseconds that closing may take: a connection that has fallen silent does not say goodbye. */
const closing = 2_000;

/** Statements that connections keep prepared; those of which there are more forms than that are planned each time. */
const mostPrepared = 300;

/** A Postgres server, through a pool of connections. */
export async function openServer(url: string, limits: Partial<ServerLimits> = {}): Promise<Database> {
  const where = described(url);
  const database = new ServerDatabase(url, { ...defaultLimits, ...limits });
  try {
    await database.query('SELECT 1');
  } catch (cause) {
    await database.close();
    const reason = (cause as Error).message || (cause as { code?: string }).code;
    throw new DatabaseError('unreachable', `cannot use the database at ${where}: ${reason}`, { cause });
  }
  return database;
}

/** Fills an empty database with what `backup` has written. @throws DatabaseError `not-empty`, `no-tool` or `tool-failed` */
export async function restoreServer(url: string, backup: string): Promise<void> {
  const database = await openServer(url);
  try {
    const [any] = await database.query(
      "SELECT 1 FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    );
    if (any) throw new DatabaseError('not-empty', `the database at ${described(url)} must be empty for a restore`);
  } finally {
    await database.close();
  }
  await runTool(
    'pg_restore',
    ['--no-owner', '--exit-on-error', `--dbname=${new URL(url).pathname.slice(1)}`, backup],
    url,
  );
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
  readonly #url: string;
  readonly #config: pg.ClientConfig;
  readonly #pool: pg.Pool;
  readonly #listener: Listener;
  readonly #clients = new Set<pg.PoolClient>();
  #closed: Promise<void> | undefined;

  constructor(url: string, { timeoutMs, connections }: ServerLimits) {
    const config: pg.ClientConfig = {
      connectionString: url,
      application_name: 'retone',
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: Math.min(timeoutMs, longestConnecting),
      // A server that lives says so itself a little earlier, and keeps the connection.
      statement_timeout: Math.ceil(0.9 * timeoutMs),
      query_timeout: timeoutMs,
      idle_in_transaction_session_timeout: timeoutMs,
      types: { getTypeParser: (type: number) => parsers[type] ?? String },
    };
    this.#url = url;
    this.#config = config;
    this.#pool = new pg.Pool({ ...config, max: connections });
    this.#pool.on('connect', (client) => this.#clients.add(client));
    this.#pool.on('remove', (client) => this.#clients.delete(client));
    // An idle connection was lost. The pool has dropped it and makes another when one is needed.
    this.#pool.on('error', () => {});
    this.#listener = new Listener(config, timeoutMs);
  }

  async query<R extends Row = Row>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    refuseInside(this);
    return run(this.#pool, sql, parameters);
  }

  transaction<T>(work: (tx: Queryable) => Promise<T>, { patient = false }: TransactionOptions = {}): Promise<T> {
    const limit = patient ? patience : undefined;
    const begin = async (inside: (connection: Queryable) => Promise<T>) => {
      const client = await this.#pool.connect().catch((error) => {
        throw translated(error);
      });
      // A connection lost while no statement runs; the next statement says so.
      const ignore = () => {};
      client.on('error', ignore);
      let broken: Error | undefined;
      try {
        await run(client, 'BEGIN', []);
        if (patient) await run(client, 'SET LOCAL statement_timeout = 0', []);
        const result = await inside({ query: (sql, parameters = []) => run(client, sql, parameters, limit) });
        await commit(client);
        return result;
      } catch (error) {
        // On a connection that has fallen silent this would be one more statement to wait for.
        if (hasCode(error, 'unreachable')) broken = error as Error;
        else {
          await client.query('ROLLBACK').catch((failure: Error) => {
            broken = failure;
          });
        }
        throw error;
      } finally {
        client.off('error', ignore);
        client.release(broken);
      }
    };
    return runTransaction(this, begin, work);
  }

  async exclusively<T>(lock: number, work: () => Promise<T>): Promise<T> {
    refuseInside(this);
    const client = new pg.Client(this.#config);
    // The lock ends with its connection.
    client.on('error', () => {});
    try {
      await client.connect();
      await run(client, 'SET statement_timeout = 0', []);
      await run(client, 'SELECT pg_advisory_lock($1)', [lock], patience);
      return await work();
    } catch (error) {
      throw translated(error);
    } finally {
      cutOff(client);
    }
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

  async backup(path: string): Promise<void> {
    await runTool('pg_dump', ['--format=custom', '--no-owner', `--file=${path}`], this.#url);
  }

  connections(): Connections {
    const { totalCount: total, idleCount: idle, waitingCount: waiting } = this.#pool;
    return { total, idle, waiting };
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      const cut = setTimeout(() => {
        for (const client of this.#clients) cutOff(client);
      }, closing);
      await this.#listener.close();
      await this.#pool.end();
      clearTimeout(cut);
    })();
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
  on: pg.Pool | pg.ClientBase,
  sql: string,
  parameters: readonly unknown[],
  limit?: number,
): Promise<R[]> {
  // The types lack the limit of a single statement.
  const statement = { text: sql, ...(limit === undefined ? {} : { query_timeout: limit }) };
  try {
    if (parameters.length > 0) {
      const name = preparedName(sql);
      return (await on.query<R>({ ...statement, ...(name ? { name } : {}), values: parameters.map(toText) })).rows;
    }
    // Several statements answer with a list of results, which the types do not express; an empty one has no rows.
    const result = (await on.query<R>(statement)) as pg.QueryResult<R> | pg.QueryResult<R>[];
    return [result].flat().flatMap((each) => each.rows ?? []);
  } catch (error) {
    throw translated(error);
  }
}

const preparedNames = new Map<string, string>();

/** The name under which each connection prepares a statement: to parse and plan it costs more than to run it. */
function preparedName(sql: string): string | undefined {
  const known = preparedNames.get(sql);
  if (known || preparedNames.size >= mostPrepared) return known;
  const name = `retone_${preparedNames.size}`;
  preparedNames.set(sql, name);
  return name;
}
