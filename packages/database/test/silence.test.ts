import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, isOutage, openDatabase } from '../src/index.ts';
import { type MutableRoute, mutableRoute, postgresBinaries, startPostgres, type TestServer } from './testing.ts';

describe.skipIf(!postgresBinaries && !process.env.CI)('connections that fall silent', () => {
  let server: TestServer;
  let route: MutableRoute;
  let database: Database;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    route = await mutableRoute(await server.createDatabase());
    database = await openDatabase({ url: route.url, limits: { timeoutMs: 500, connections: 3 } });
  });
  afterEach(async () => {
    await database.close();
    await route.close();
  });

  const outage = (work: Promise<unknown>) => expect(work).rejects.toSatisfy(isOutage);
  const works = () => expect.poll(() => database.query('SELECT 1 AS a').catch((error) => error)).toEqual([{ a: 1 }]);

  test('fail the statements under way, and are replaced', async () => {
    await Promise.all([1, 2, 3].map(() => database.query('SELECT pg_sleep(0.1)')));
    const inside = Promise.withResolvers<void>();
    const inTransaction = database.transaction(async (tx) => {
      await tx.query('SELECT 1');
      inside.resolve();
      await tx.query('SELECT pg_sleep(0.2)');
      await tx.query('SELECT 1');
    });
    await inside.promise;
    route.mute();
    await outage(inTransaction);
    await works();
  });

  test('are noticed by whoever listens only', async () => {
    const heard: string[] = [];
    await database.listen('jobs', (payload) => heard.push(payload));
    route.mute();
    await works();
    await expect
      .poll(async () => {
        await database.notify('jobs', 'again').catch(() => {});
        return heard;
      })
      .toContain('again');
  });

  test('do not keep a database from closing, silent as they stay', async () => {
    await database.listen('jobs', () => {});
    await database.query('SELECT 1');
    route.muteAll();
    await database.close();
  });

  test('new ones too: statements fail in time until the server is back', async () => {
    route.muteAll();
    await outage(database.query('SELECT 1'));
    await outage(database.query('SELECT 1'));
    route.restore();
    await works();
  });

  test('a statement that takes longer than the limit fails, and its connection is used again', async () => {
    await expect(database.query('SELECT pg_sleep(10)')).rejects.toMatchObject({ code: '57014' });
    await works();
  });

  test('a transaction that may take its time is not cut', async () => {
    const slow = database.transaction((tx) => tx.query("SELECT 'done' AS a, pg_sleep(1)"), { patient: true });
    expect(await slow).toMatchObject([{ a: 'done' }]);
  });
});
