import { AsyncResource } from 'node:async_hooks';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PGlite, type Transaction } from '@electric-sql/pglite';
import { makeFolder } from '@retone/common';
import { type Connections, checkChannel, type Database, type Queryable, type Row } from './database.ts';
import { DiskSpace } from './disk-space.ts';
import { badFolder, DatabaseError, translated } from './errors.ts';
import { lockFolder } from './lock.ts';
import { parsers, toText } from './text.ts';
import { refuseInside, runTransaction } from './transaction.ts';

/** A checkpoint frees what the write-ahead log has beyond this; Postgres would keep 1 GB to use again. */
const startParams = [...PGlite.defaultStartParams, '-c', 'max_wal_size=64MB', '-c', 'min_wal_size=32MB'];

/** PGlite, Postgres compiled to WebAssembly, in this process: in a folder, or in memory without one. */
export async function openPglite(folder?: string): Promise<Database> {
  if (folder === undefined) return new PgliteDatabase(await PGlite.create(), () => {});
  const path = resolve(folder);
  const unlock = lockFolder(path);
  try {
    const space = new DiskSpace(path);
    if (space.isFull) throw space.error();
    if (!existsSync(join(path, 'PG_VERSION'))) await makeCluster(path);
    return new PgliteDatabase(await PGlite.create({ dataDir: path, startParams }), unlock, space);
  } catch (error) {
    unlock();
    // Of the file system, such as a file where the folder should be.
    throw error instanceof Error && 'syscall' in error ? badFolder(path, error) : error;
  }
}

/** Makes the files of an empty database beside their place, so that a process killed half-way leaves no broken folder. */
async function makeCluster(path: string): Promise<void> {
  if (existsSync(path) && readdirSync(path).length > 0) {
    throw new DatabaseError('bad-folder', `${path} has files in it, but no database: name an empty or a new folder`);
  }
  const unfinished = `${path}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  // For its owner only: the tables hold secrets.
  mkdirSync(unfinished, { mode: 0o700 });
  await (await PGlite.create({ dataDir: unfinished })).close();
  renameSync(unfinished, path);
}

/** Makes a folder from what `backup` has written. @throws DatabaseError `not-empty` */
export async function restorePglite(folder: string, backup: string): Promise<void> {
  const path = resolve(folder);
  if (existsSync(path) && readdirSync(path).length > 0) {
    throw new DatabaseError('not-empty', `${path} must be empty or absent for a restore`);
  }
  const unlock = lockFolder(path);
  try {
    const unfinished = `${path}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    makeFolder(unfinished, 0o700);
    const loadDataDir = new Blob([await readFile(backup)], { type: 'application/x-gzip' });
    await (await PGlite.create({ dataDir: unfinished, loadDataDir })).close();
    renameSync(unfinished, path);
  } finally {
    unlock();
  }
}

/** A database over PGlite. */
export class PgliteDatabase implements Database {
  readonly kind = 'pglite';
  readonly #pglite: PGlite;
  readonly #unlock: () => void;
  readonly #space: DiskSpace | undefined;
  #closed: Promise<void> | undefined;

  /** @param space of its disk, if it has one */
  constructor(pglite: PGlite, unlock: () => void, space?: DiskSpace) {
    this.#pglite = pglite;
    this.#unlock = unlock;
    this.#space = space;
    // Parameters arrive as text already, and what text.ts does not list stays text.
    pglite.serializers = {};
    const unlisted = Object.keys(pglite.parsers).map((type) => [type, String]);
    pglite.parsers = { ...Object.fromEntries(unlisted), ...parsers };
  }

  async query<R extends Row = Row>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    refuseInside(this);
    return this.#run(this.#pglite, sql, parameters);
  }

  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    const begin = async (inside: (connection: Queryable) => Promise<T>) => {
      try {
        return await this.#pglite.transaction((tx) =>
          inside({ query: (sql, parameters = []) => this.#run(tx, sql, parameters) }),
        );
      } catch (error) {
        throw translated(error);
      }
    };
    return runTransaction(this, begin, work);
  }

  /** Nobody else has the folder open. */
  exclusively<T>(_lock: number, work: () => Promise<T>): Promise<T> {
    return work();
  }

  async listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>> {
    checkChannel(channel);
    refuseInside(this);
    // PGlite calls listeners from inside the transaction that notifies; they are no part of it.
    const unlisten = await this.#pglite.listen(channel, AsyncResource.bind(onNotify));
    return () => unlisten();
  }

  async notify(channel: string, payload: string): Promise<void> {
    checkChannel(channel);
    await this.query('SELECT pg_notify($1, $2)', [channel, payload]);
  }

  async tidy(): Promise<void> {
    await this.query('VACUUM (ANALYZE)');
    await this.query('CHECKPOINT');
  }

  async backup(path: string): Promise<void> {
    refuseInside(this);
    const dump = await this.#pglite.dumpDataDir('gzip');
    await writeFile(path, dump.stream(), { mode: 0o600 });
  }

  connections(): Connections {
    return { total: 1, idle: 1, waiting: 0 };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close().finally(this.#unlock);
    return this.#closed;
  }

  async #close(): Promise<void> {
    // On a full disk it could not write its last checkpoint; the next start recovers from the log, as after a kill.
    if (!this.#space?.isFull) await this.#pglite.close();
  }

  async #run<R extends Row>(
    on: Pick<Transaction, 'query' | 'exec'>,
    sql: string,
    parameters: readonly unknown[],
  ): Promise<R[]> {
    this.#space?.check(sql);
    return run(on, sql, parameters);
  }
}

async function run<R extends Row>(
  on: Pick<Transaction, 'query' | 'exec'>,
  sql: string,
  parameters: readonly unknown[],
): Promise<R[]> {
  try {
    if (parameters.length > 0) return (await on.query<R>(sql, parameters.map(toText))).rows;
    return (await on.exec(sql)).flatMap((result) => result.rows) as R[];
  } catch (error) {
    throw translated(error);
  }
}
