import { expect, test } from 'vitest';
import { atomically, type Database, hasCode, openDatabase, type Queryable } from '../src/index.ts';
import { onEveryDatabase } from './testing.ts';

onEveryDatabase(({ kind, open, newUrl }) => {
  /** A database with a table of one unique column. */
  async function opened(): Promise<Database> {
    const database = await open();
    await database.query('CREATE TABLE t (a integer UNIQUE)');
    return database;
  }

  const rows = async (on: Queryable) => (await on.query<{ a: number }>('SELECT a FROM t ORDER BY a')).map(({ a }) => a);

  test('a transaction is kept when its work succeeds and undone when it throws', async () => {
    const database = await opened();
    const answer = await database.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES ($1)', [1]);
      expect(await rows(tx)).toEqual([1]);
      return 'answer';
    });
    expect(answer).toBe('answer');
    const failure = new Error('on purpose');
    const failed = database.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES ($1)', [2]);
      throw failure;
    });
    await expect(failed).rejects.toBe(failure);
    expect(await rows(database)).toEqual([1]);
  });

  test("a refused statement's error has the code and the constraint, and no parameters", async () => {
    const database = await opened();
    const insert = (on: Queryable) => on.query('INSERT INTO t SELECT $1 WHERE $2 <> $3', [1, 'a secret', '']);
    await insert(database);
    for (const work of [() => insert(database), () => database.transaction(insert)]) {
      const error = await work().catch((error: unknown) => error);
      expect(error).toMatchObject({ name: 'DatabaseError', code: '23505', constraint: 't_a_key' });
      expect(hasCode(error, '23505')).toBe(true);
      expect(hasCode(error, '23503')).toBe(false);
      expect(JSON.stringify({ ...(error as object) }) + (error as Error).stack).not.toContain('a secret');
    }
    await expect(database.query('SELECT * FROM nowhere')).rejects.toMatchObject({ code: '42P01' });
    await expect(database.query('SELEC 1')).rejects.toMatchObject({ code: '42601' });
  });

  test('a transaction that went on after a refused statement is not taken for committed', async () => {
    const database = await opened();
    const work = database.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1)');
      await tx.query('INSERT INTO t VALUES (1)').catch(() => {});
    });
    await expect(work).rejects.toMatchObject({ code: '25P02' });
    expect(await rows(database)).toEqual([]);
  });

  test('a statement under a savepoint may fail', async () => {
    const database = await opened();
    await database.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1)');
      await tx.query('SAVEPOINT before');
      await expect(tx.query('INSERT INTO t VALUES (1)')).rejects.toMatchObject({ code: '23505' });
      await tx.query('ROLLBACK TO SAVEPOINT before');
    });
    expect(await rows(database)).toEqual([1]);
  });

  test.each(['40001', '40P01'])('work is done again after %s, as far as the fifth time', async (code) => {
    const database = await opened();
    let times = 0;
    const failing = (failures: number) => async (tx: Queryable) => {
      times++;
      await tx.query('INSERT INTO t VALUES ($1)', [times]);
      if (times <= failures) await tx.query(`DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '${code}'; END $$`);
    };
    await database.transaction(failing(4));
    expect(times).toBe(5);
    expect(await rows(database)).toEqual([5]);
    await database.query('DELETE FROM t');
    times = 0;
    await expect(database.transaction(failing(5))).rejects.toMatchObject({ code });
    expect(times).toBe(5);
  });

  test('using the database inside its own transaction is refused instead of waiting for ever', async () => {
    const database = await opened();
    const other = await open();
    const misuses: ((tx: Queryable) => Promise<unknown>)[] = [
      () => database.query('SELECT 1'),
      () => database.transaction(async () => {}),
      () => database.notify('channel', ''),
      () => database.listen('channel', () => {}),
    ];
    for (const misuse of misuses) await expect(database.transaction(misuse)).rejects.toMatchObject({ code: 'misuse' });
    await database.transaction(() => other.query('SELECT 1'));
    await database.query('SELECT 1');
  });

  test('a transaction cannot be used after its end', async () => {
    const database = await opened();
    const kept = await database.transaction(async (tx) => tx);
    await expect(kept.query('SELECT 1')).rejects.toMatchObject({ code: 'misuse' });
  });

  test('atomically makes a separate transaction, or is part of the one that it is given', async () => {
    const database = await opened();
    const insertTwo = async (tx: Queryable) => {
      await tx.query('INSERT INTO t VALUES (1)');
      await tx.query('INSERT INTO t VALUES (1)');
    };
    await expect(atomically(database, insertTwo)).rejects.toMatchObject({ code: '23505' });
    expect(await rows(database)).toEqual([]);
    const outer = database.transaction(async (tx) => {
      await atomically(tx, async (inner) => inner.query('INSERT INTO t VALUES (2)'));
      throw new Error('undo');
    });
    await expect(outer).rejects.toThrow('undo');
    expect(await rows(database)).toEqual([]);
  });

  test('many transactions at once lose no update', async () => {
    const database = await opened();
    await database.query('INSERT INTO t VALUES (0)');
    const increment = async (tx: Queryable) => {
      const [row] = await tx.query<{ a: number }>('SELECT a FROM t FOR UPDATE');
      await tx.query('UPDATE t SET a = $1', [row!.a + 1]);
    };
    await Promise.all(Array.from({ length: 40 }, () => database.transaction(increment)));
    expect(await rows(database)).toEqual([40]);
  });

  test('a database may be closed twice', async () => {
    const database = await open();
    await Promise.all([database.close(), database.close()]);
    await database.close();
    await expect(database.query('SELECT 1')).rejects.toThrow();
  });

  if (kind !== 'postgres') return;

  test('of two transactions in a deadlock both are done in the end', async () => {
    const database = await opened();
    await database.query('INSERT INTO t VALUES (1), (2); ALTER TABLE t ADD times integer DEFAULT 0');
    // Both hold their first row before either asks for its second.
    const meeting = Promise.withResolvers<void>();
    let arrived = 0;
    let runs = 0;
    const update = (order: number[]) => async (tx: Queryable) => {
      runs++;
      const [first, second] = order;
      await tx.query('UPDATE t SET times = times + 1 WHERE a = $1', [first]);
      if (++arrived === 2) meeting.resolve();
      await meeting.promise;
      await tx.query('UPDATE t SET times = times + 1 WHERE a = $1', [second]);
    };
    await Promise.all([database.transaction(update([1, 2])), database.transaction(update([2, 1]))]);
    expect(await database.query('SELECT times FROM t')).toEqual([{ times: 2 }, { times: 2 }]);
    // The one that was done again may take its first row before the other wakes, and both meet once more.
    expect(runs).toBeGreaterThan(2);
  });

  test('connections that the server cut off are replaced', async () => {
    const url = await newUrl();
    const database = await openDatabase({ url });
    const other = await openDatabase({ url });
    try {
      const cut = database.transaction(async (tx) => {
        const [row] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await other.query('SELECT pg_terminate_backend($1)', [row!.pid]);
        await tx.query('SELECT 1');
      });
      await expect(cut).rejects.toThrow();
      expect(await database.query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
    } finally {
      await database.close();
      await other.close();
    }
  });

  test('what cannot be reached is named without the password', async () => {
    for (const url of [
      'postgres://me:hunter2@127.0.0.1:1/name',
      `${await newUrl()}&dbname=x`.replace('/test_', '/none_'),
    ]) {
      const error: Error = await openDatabase({ url }).then(
        () => expect.unreachable(),
        (error) => error,
      );
      expect(error).toMatchObject({ code: 'unreachable' });
      expect(error.message).toMatch(/^cannot use the database at (127\.0\.0\.1:1\/name|localhost\/none_\d+): ./);
      expect(error.message).not.toContain('hunter2');
    }
    for (const url of ['', 'mysql://localhost/x', 'postgres//x', 'postgres://a b']) {
      await expect(openDatabase({ url }), url).rejects.toMatchObject({ code: 'bad-url' });
    }
  });
});
