import { openDatabase } from '@retone/database';
import { onEveryDatabase } from '@retone/database/testing';
import { expect, test } from 'vitest';
import { Accounts, RequestCounter } from '../src/index.ts';
import { withBooks } from './books.ts';

onEveryDatabase(({ kind, open, newUrl }) => {
  test('requests are counted by the minute, each account by itself', async () => {
    const database = await withBooks(await open());
    const [one, other] = [
      await new Accounts(database).create('a', 'me'),
      await new Accounts(database).create('b', 'me'),
    ];
    const counter = new RequestCounter(database);
    const { secondsLeft } = await counter.count(one.id);
    expect(secondsLeft).toBeGreaterThan(0);
    expect(secondsLeft).toBeLessThanOrEqual(60);
    for (const requests of [2, 3]) expect(await counter.count(one.id)).toMatchObject({ requests });
    expect(await counter.count(other.id)).toMatchObject({ requests: 1 });
  });

  test('a process that begins to count in a minute continues from what the others have counted, and later minutes from none', async () => {
    const database = await withBooks(await open());
    const { id } = await new Accounts(database).create('a', 'me');
    const counted = async () => (await new RequestCounter(database).count(id)).requests;
    await counted();
    // A minute that does not end during the test.
    await database.query("UPDATE request_counts SET minute = minute + interval '1 hour', requests = 5");
    expect(await counted()).toBe(6);
    await database.query("UPDATE request_counts SET minute = minute - interval '2 hours'");
    expect(await counted()).toBe(1);
  });

  test.runIf(kind === 'postgres')('processes on one database count together', async () => {
    const url = await newUrl();
    const databases = [await withBooks(await openDatabase({ url })), await openDatabase({ url })];
    try {
      const { id } = await new Accounts(databases[0]!).create('a', 'me');
      await new RequestCounter(databases[0]!).count(id);
      await databases[0]!.query("UPDATE request_counts SET minute = minute + interval '1 hour', requests = 0");
      const counters = databases.map((database) => new RequestCounter(database));
      await Promise.all(Array.from({ length: 40 }, (_, i) => counters[i % 2]!.count(id)));
      // Requests that arrive while the counts are added are not lost either.
      await Promise.all(counters.flatMap((counter) => [counter.sync(), counter.count(id), counter.sync()]));
      await Promise.all(counters.map((counter) => counter.sync()));
      expect(await new RequestCounter(databases[0]!).count(id)).toMatchObject({ requests: 43 });
    } finally {
      for (const database of databases) await database.close();
    }
  });
});
