import { expect, test } from 'vitest';
import { type Database, migrate, openDatabase } from '../src/index.ts';
import { onEveryDatabase } from './testing.ts';

const first = { name: 'a-1', sql: 'CREATE TABLE t (n integer); INSERT INTO t VALUES (1)' };
const second = { name: 'a-2', sql: 'UPDATE t SET n = n + 10; CREATE TABLE u (n integer)' };

onEveryDatabase(({ kind, open, newUrl }) => {
  const value = (database: Database) => database.query('SELECT n FROM t');

  test('migrations are applied in order and once each, also when more come later', async () => {
    const database = await open();
    await migrate(database, [first]);
    await migrate(database, [first, second]);
    await migrate(database, [first, second]);
    await migrate(database, [{ name: 'b-1', sql: 'CREATE TABLE v (n integer)' }]);
    expect(await value(database)).toEqual([{ n: 11 }]);
    const applied = await database.query('SELECT name FROM retone_migrations ORDER BY name');
    expect(applied).toEqual([{ name: 'a-1' }, { name: 'a-2' }, { name: 'b-1' }]);
  });

  test('one that fails leaves the database as it was', async () => {
    const database = await open();
    const failing = migrate(database, [
      first,
      { name: 'bad', sql: 'CREATE TABLE x (n integer); SELECT * FROM nowhere' },
    ]);
    await expect(failing).rejects.toMatchObject({ code: '42P01' });
    await expect(value(database)).rejects.toMatchObject({ code: '42P01' });
    await migrate(database, [first]);
    expect(await value(database)).toEqual([{ n: 1 }]);
  });

  test('an older program refuses a database that a newer one has upgraded', async () => {
    const database = await open();
    await migrate(database, [first, second]);
    await migrate(database, [{ name: 'b-1', sql: 'CREATE TABLE v (n integer)' }]);
    await expect(migrate(database, [first])).rejects.toMatchObject({
      code: 'too-new',
      message: expect.stringContaining('newer version of Retone (a-2)'),
    });
  });

  test('work that is exclusive is done by one after the other, and may use the database', async () => {
    const database = await open();
    let inside = 0;
    const work = () =>
      database.exclusively(1, async () => {
        const before = ++inside;
        await database.query('SELECT 1');
        inside--;
        return before;
      });
    const all = await Promise.all([work(), work(), work()]);
    if (kind === 'postgres') expect(all).toEqual([1, 1, 1]);
    await expect(database.exclusively(1, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
    await work();
  });

  test('many at once apply each once', async () => {
    const database = await open();
    await Promise.all(Array.from({ length: 10 }, () => migrate(database, [first, second])));
    expect(await value(database)).toEqual([{ n: 11 }]);
  });

  if (kind !== 'postgres') return;

  test('several servers that start at once apply each once', async () => {
    const url = await newUrl();
    const databases = await Promise.all(Array.from({ length: 6 }, () => openDatabase({ url })));
    try {
      await Promise.all(databases.map((database) => migrate(database, [first, second])));
      expect(await value(databases[0]!)).toEqual([{ n: 11 }]);
    } finally {
      for (const database of databases) await database.close();
    }
  });
});
