import { expect, test } from 'vitest';
import { type Database, openDatabase } from '../src/index.ts';
import { onEveryDatabase } from './testing.ts';

/** The payloads received, and a way to wait for them. */
class Heard {
  readonly payloads: string[] = [];
  #waiting: { count: number; resolve: () => void }[] = [];

  readonly receive = (payload: string) => {
    this.payloads.push(payload);
    for (const { count, resolve } of this.#waiting) if (this.payloads.length >= count) resolve();
  };

  /** Resolves when so many were heard. */
  async atLeast(count: number): Promise<string[]> {
    if (this.payloads.length < count) await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    return this.payloads;
  }
}

onEveryDatabase(({ kind, open, newUrl }) => {
  test('every listener of a channel receives what is sent on it, until it stops', async () => {
    const database = await open();
    const [first, second, elsewhere] = [new Heard(), new Heard(), new Heard()];
    const stopFirst = await database.listen('jobs', first.receive);
    await database.listen('jobs', second.receive);
    await database.listen('other', elsewhere.receive);
    await database.notify('jobs', 'one');
    expect(await first.atLeast(1)).toEqual(['one']);
    await stopFirst();
    await stopFirst();
    await database.notify('jobs', 'it\'s "two" \\ Ω');
    expect(await second.atLeast(2)).toEqual(['one', 'it\'s "two" \\ Ω']);
    expect(first.payloads).toEqual(['one']);
    expect(elsewhere.payloads).toEqual([]);
  });

  test('a transaction notifies when it commits, and not when it is undone', async () => {
    const database = await open();
    const heard = new Heard();
    await database.listen('jobs', heard.receive);
    const undone = database.transaction(async (tx) => {
      await tx.query('SELECT pg_notify($1, $2)', ['jobs', 'undone']);
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    await database.transaction((tx) => tx.query('SELECT pg_notify($1, $2)', ['jobs', 'kept']));
    expect(await heard.atLeast(1)).toEqual(['kept']);
  });

  test('a listener may use the database, though a transaction woke it', async () => {
    const database = await open();
    const answers = Promise.withResolvers<unknown>();
    await database.listen('jobs', () => answers.resolve(database.query('SELECT 1 AS a')));
    await database.transaction((tx) => tx.query("SELECT pg_notify('jobs', '')"));
    expect(await answers.promise).toEqual([{ a: 1 }]);
  });

  test('a channel name that would have to be quoted and a payload that is too long are refused', async () => {
    const database = await open();
    for (const name of ['', 'A', '1a', 'a-b', 'a b', 'a;b', 'a'.repeat(64)]) {
      await expect(
        database.listen(name, () => {}),
        name,
      ).rejects.toMatchObject({ code: 'misuse' });
      await expect(database.notify(name, ''), name).rejects.toMatchObject({ code: 'misuse' });
    }
    await expect(database.notify('jobs', 'x'.repeat(8000))).rejects.toMatchObject({ code: '22023' });
  });

  if (kind !== 'postgres') return;

  test('other processes are notified, and a lost connection is made again', async () => {
    const url = await newUrl();
    const listening = await openDatabase({ url });
    const other = await openDatabase({ url });
    try {
      const heard = new Heard();
      await listening.listen('jobs', heard.receive);
      await other.notify('jobs', 'before');
      expect(await heard.atLeast(1)).toEqual(['before']);
      await cutOffListener(other);
      await listenerBack(other);
      await other.notify('jobs', 'after');
      expect(await heard.atLeast(2)).toEqual(['before', 'after']);
    } finally {
      await listening.close();
      await other.close();
    }
  });

  const listeners = "FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = current_database()";

  async function cutOffListener(database: Database): Promise<void> {
    const cut = await database.query(`SELECT pg_terminate_backend(pid, 10000) AS done ${listeners}`);
    expect(cut).toEqual([{ done: true }]);
  }

  async function listenerBack(database: Database): Promise<void> {
    await expect
      .poll(() => database.query(`SELECT state ${listeners}`), { timeout: 20_000 })
      .toEqual([{ state: 'idle' }]);
  }
});
