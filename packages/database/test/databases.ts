import { PGlite } from '@electric-sql/pglite';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { type Database, openDatabase } from '../src/index.ts';
import { PgliteDatabase } from '../src/pglite.ts';
import { postgresBinaries, startPostgres, type TestServer } from './postgres.ts';

/** Context of tests on a database. */
export interface DatabaseTests {
  readonly kind: Database['kind'];
  /** Opens a new, empty database, which is closed after the test. */
  open(): Promise<Database>;
  /** Only on a Postgres server: makes a new, empty database for several connections or processes. */
  newUrl(): Promise<string>;
}

/**
 * Declares tests twice: on PGlite in memory and on a throw-away Postgres server. A machine that can have no server leaves the
 * second out and says so; in CI that fails.
 */
export function onEveryDatabase(declare: (tests: DatabaseTests) => void): void {
  const opened: Database[] = [];
  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close();
  });
  const closedAfterTest = (database: Database) => {
    opened.push(database);
    return database;
  };

  describe('on PGlite', () => {
    const newUrl = () => Promise.reject(new Error('PGlite has no URL'));
    declare({ kind: 'pglite', open: async () => closedAfterTest(await emptyPglite()), newUrl });
  });

  const missing = !postgresBinaries && !process.env.CI;
  if (missing)
    console.warn('Tests on a Postgres server are left out: neither npm nor the system has one for this machine.');
  describe.skipIf(missing)('on a Postgres server', () => {
    let server: TestServer | undefined;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server?.stop());
    const newUrl = () => server!.createDatabase();
    declare({
      kind: 'postgres',
      open: async () => closedAfterTest(await openDatabase({ url: await newUrl() })),
      newUrl,
    });
  });
}

let template: Promise<Blob> | undefined;

/** A copy of one empty database: initdb takes seconds in WebAssembly. */
async function emptyPglite(): Promise<Database> {
  template ??= (async () => {
    const pglite = await PGlite.create();
    const dump = await pglite.dumpDataDir('none');
    await pglite.close();
    return dump;
  })();
  return new PgliteDatabase(await PGlite.create({ loadDataDir: await template }), () => {});
}
