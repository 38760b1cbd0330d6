import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Database, openDatabase } from '@retone/database';
import { onEveryDatabase } from '@retone/database/testing';
import { expect, test } from 'vitest';
import { Audit, InsufficientCredit, Ledger } from '../src/index.ts';
import { accountWith, withBooks } from './books.ts';

const price = 24_000;
const submitAndCharge = fileURLToPath(new URL('submit-and-charge.ts', import.meta.url));

onEveryDatabase(({ kind, open, newUrl }) => {
  /** Kinds and amounts of an account's entries, oldest first. */
  async function listed(database: Database, accountId: string): Promise<[string, number][]> {
    const entries = await new Ledger(database).entries(accountId);
    return entries.map(({ kind, amount }): [string, number] => [kind, amount]).reverse();
  }

  test('a completed task is charged its price', async () => {
    const database = await withBooks(await open());
    const ledger = new Ledger(database);
    const { id } = await accountWith(database, 100_000);
    expect(await ledger.standing('task')).toBe('unheld');
    await ledger.hold(id, 'task', price);
    expect(await ledger.standing('task')).toBe('held');
    expect(await ledger.balance(id)).toBe(100_000 - price);
    expect(await ledger.openHolds()).toEqual([{ accountId: id, taskId: 'task', price, createdAt: expect.any(Date) }]);
    expect(await ledger.charge('task')).toBe('charged');
    expect(await ledger.balance(id)).toBe(100_000 - price);
    expect(await ledger.openHolds()).toEqual([]);
    expect(await listed(database, id)).toEqual([
      ['credit', 100_000],
      ['hold', -price],
      ['release', price],
      ['charge', -price],
    ]);
  });

  test('a failed task costs nothing', async () => {
    const database = await withBooks(await open());
    const ledger = new Ledger(database);
    const { id } = await accountWith(database, 100_000);
    await ledger.hold(id, 'task', price);
    expect(await ledger.release('task')).toBe('released');
    expect(await ledger.balance(id)).toBe(100_000);
    expect(await ledger.openHolds()).toEqual([]);
  });

  test('whatever is done again changes nothing, and the first end stays the end', async () => {
    const database = await withBooks(await open());
    const ledger = new Ledger(database);
    const { id } = await accountWith(database, 100_000);
    for (const task of ['charged', 'released']) {
      await ledger.hold(id, task, price);
      await ledger.hold(id, task, price);
    }
    for (let i = 0; i < 2; i++) {
      expect(await ledger.charge('charged')).toBe('charged');
      expect(await ledger.release('charged')).toBe('charged');
      expect(await ledger.release('released')).toBe('released');
      expect(await ledger.charge('released')).toBe('released');
      await ledger.hold(id, 'charged', price);
      await ledger.hold(id, 'released', price);
    }
    expect(await ledger.balance(id)).toBe(100_000 - price);
    expect(await listed(database, id)).toHaveLength(6);
    expect(await ledger.charge('unknown')).toBe('unheld');
    expect(await ledger.release('unknown')).toBe('unheld');
  });

  test('a hold that the balance does not cover is refused with both amounts', async () => {
    const database = await withBooks(await open());
    const ledger = new Ledger(database);
    const { id } = await accountWith(database, price - 1);
    const error = await ledger.hold(id, 'task', price).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(InsufficientCredit);
    expect(error).toMatchObject({ code: 'insufficient-credit', balance: price - 1, price });
    expect((error as Error).message).toBe('insufficient credit: this costs $0.024 and the account has $0.023999');
    expect(await ledger.standing('task')).toBe('unheld');
    await ledger.credit(id, 1, 'me');
    await ledger.hold(id, 'task', price);
    expect(await ledger.balance(id)).toBe(0);
    await ledger.hold(id, 'free', 0);
    expect(await ledger.charge('free')).toBe('charged');
    expect(await ledger.balance(id)).toBe(0);
  });

  test("a hold is part of the caller's transaction", async () => {
    const database = await withBooks(await open());
    const { id } = await accountWith(database, price);
    const submission = database.transaction(async (tx) => {
      await new Ledger(tx).hold(id, 'task', price);
      throw new Error('not queued');
    });
    await expect(submission).rejects.toThrow('not queued');
    expect(await new Ledger(database).standing('task')).toBe('unheld');
  });

  test('the end of a task is part of the transaction that writes its result', async () => {
    const database = await withBooks(await open());
    const ledger = new Ledger(database);
    const { id } = await accountWith(database, price);
    await ledger.hold(id, 'task', price);
    const completion = database.transaction(async (tx) => {
      expect(await new Ledger(tx).charge('task')).toBe('charged');
      throw new Error('not written');
    });
    await expect(completion).rejects.toThrow('not written');
    expect(await ledger.standing('task')).toBe('held');
    expect(await ledger.charge('task')).toBe('charged');
    expect(await ledger.balance(id)).toBe(0);
  });

  test('with billing off nothing is held, and what was held before ends properly', async () => {
    const database = await withBooks(await open());
    const { id } = await accountWith(database, price);
    await new Ledger(database).hold(id, 'before', price);
    const ledger = new Ledger(database, { billing: 'off' });
    await ledger.hold(id, 'task', price);
    await ledger.hold('nobody', 'other', price);
    expect(await ledger.charge('task')).toBe('unheld');
    expect(await ledger.charge('before')).toBe('charged');
    expect(await ledger.balance(id)).toBe(0);
    expect(await ledger.openHolds()).toEqual([]);
  });

  test('credit is given and taken back, with who did it in the audit', async () => {
    const database = await withBooks(await open());
    const ledger = new Ledger(database);
    const { id } = await accountWith(database, 0);
    await ledger.credit(id, 5_000_000, 'me', 'invoice 7');
    await ledger.credit(id, -1_000_000, 'me');
    expect(await ledger.balance(id)).toBe(4_000_000);
    const [taken, given] = await new Audit(database).entries(id);
    expect(given).toMatchObject({ action: 'account.credit', details: { amount: 5_000_000, note: 'invoice 7' } });
    expect(taken).toMatchObject({ action: 'account.credit', details: { amount: -1_000_000 } });
  });

  test('amounts that are no whole micro-dollars and accounts that do not exist are refused', async () => {
    const database = await withBooks(await open());
    const ledger = new Ledger(database);
    const { id } = await accountWith(database, 10);
    for (const amount of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      await expect(ledger.hold(id, 'task', amount)).rejects.toMatchObject({ code: 'bad-amount' });
      await expect(ledger.credit(id, amount, 'me')).rejects.toMatchObject({ code: 'bad-amount' });
    }
    await expect(ledger.hold(id, 'task', -1)).rejects.toMatchObject({ code: 'bad-amount' });
    await expect(ledger.credit(id, 0, 'me')).rejects.toMatchObject({ code: 'bad-amount' });
    await expect(ledger.hold('nobody', 'task', 1)).rejects.toMatchObject({ code: 'unknown-account' });
    await expect(ledger.credit('nobody', 1, 'me')).rejects.toMatchObject({ code: 'unknown-account' });
    expect(await ledger.balance('nobody')).toBe(0);
    expect(await new Audit(database).entries()).toHaveLength(2);
  });

  test('entries are read in pages, newest first', async () => {
    const database = await withBooks(await open());
    const ledger = new Ledger(database);
    const [{ id }, other] = [await accountWith(database, 0), await accountWith(database, 7)];
    for (let amount = 1; amount <= 5; amount++) await ledger.credit(id, amount, 'me');
    const amounts: number[] = [];
    for (let before: number | undefined; ; ) {
      const page = await ledger.entries(id, { before, limit: 2 });
      amounts.push(...page.map(({ amount }) => amount));
      if (page.length < 2) break;
      before = page.at(-1)!.id;
    }
    expect(amounts).toEqual([5, 4, 3, 2, 1]);
    expect(await ledger.entries(other.id)).toMatchObject([{ kind: 'credit', taskId: null, amount: 7, note: null }]);
  });

  test('the ledger cannot be changed, nor lied to', async () => {
    const database = await withBooks(await open());
    const { id } = await accountWith(database, 10);
    await new Ledger(database).hold(id, 'task', 1);
    const changes = [
      'UPDATE ledger_entries SET amount = 0',
      'UPDATE ledger_entries SET amount = 0 WHERE false',
      'DELETE FROM ledger_entries',
      'TRUNCATE ledger_entries',
      'TRUNCATE accounts CASCADE',
    ];
    for (const sql of changes) await expect(database.query(sql), sql).rejects.toMatchObject({ code: '42501' });
    await expect(database.query('DELETE FROM accounts')).rejects.toMatchObject({ code: '23503' });
    const entries: [kind: string, taskId: string | null, amount: number, code: string][] = [
      ['hold', 'task', -1, '23505'],
      ['hold', 'other', 1, '23514'],
      ['charge', 'other', 1, '23514'],
      ['release', 'other', -1, '23514'],
      ['hold', null, -1, '23514'],
      ['credit', 'other', 1, '23514'],
      ['gift', null, 1, '23514'],
    ];
    for (const [entry, taskId, amount, code] of entries) {
      const insert = database.query(
        'INSERT INTO ledger_entries (account_id, kind, task_id, amount) VALUES ($1, $2, $3, $4)',
        [id, entry, taskId, amount],
      );
      await expect(insert, `${entry} ${amount}`).rejects.toMatchObject({ code });
    }
    expect(await new Ledger(database).balance(id)).toBe(9);
  });

  /** Several connections to one database; PGlite has one only. */
  async function connections(): Promise<Database[]> {
    if (kind === 'pglite') return [await withBooks(await open())];
    const url = await newUrl();
    const databases = await Promise.all([1, 2, 3, 4].map(() => openDatabase({ url })));
    await withBooks(databases[0]!);
    return databases;
  }

  async function withConnections(work: (databases: Database[]) => Promise<void>): Promise<void> {
    const databases = await connections();
    try {
      await work(databases);
    } finally {
      await Promise.all(databases.map((database) => database.close()));
    }
  }

  test('50 holds at once against credit for 10: exactly 10 succeed', () =>
    withConnections(async (databases) => {
      const { id } = await accountWith(databases[0]!, 10 * price + price - 1);
      const holds = Array.from({ length: 50 }, (_, i) =>
        new Ledger(databases[i % databases.length]!).hold(id, `task-${i}`, price),
      );
      const results = await Promise.allSettled(holds);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ balance: price - 1, price });
      }
      expect(await new Ledger(databases[0]!).balance(id)).toBe(price - 1);
      expect(await new Ledger(databases[0]!).openHolds()).toHaveLength(10);
    }));

  test('the same task submitted and ended by many at once is held once and ends once', () =>
    withConnections(async (databases) => {
      const ledgers = Array.from({ length: 12 }, (_, i) => new Ledger(databases[i % databases.length]!));
      const { id } = await accountWith(databases[0]!, 100 * price);
      let charged = 0;
      for (let round = 0; round < 10; round++) {
        const task = `task-${round}`;
        await Promise.all(ledgers.map((ledger) => ledger.hold(id, task, price)));
        const standings = await Promise.all(
          ledgers.map((ledger, i) => ((i + round) % 2 ? ledger.charge(task) : ledger.release(task))),
        );
        // All agree on how the task ended.
        expect(new Set(standings).size).toBe(1);
        if (standings[0] === 'charged') charged++;
      }
      expect(await ledgers[0]!.openHolds()).toEqual([]);
      expect(await ledgers[0]!.balance(id)).toBe((100 - charged) * price);
    }));

  test('accounts that hold, end and take credit at once keep their sums', () =>
    withConnections(async (databases) => {
      const accounts = [await accountWith(databases[0]!, 40 * price), await accountWith(databases[0]!, 40 * price)];
      await Promise.all(
        Array.from({ length: 60 }, async (_, i) => {
          const ledger = new Ledger(databases[i % databases.length]!);
          const { id } = accounts[i % 2]!;
          await ledger.hold(id, `task-${i}`, price);
          await ledger.credit(id, 1, 'me');
          await (i % 3 ? ledger.charge(`task-${i}`) : ledger.release(`task-${i}`));
        }),
      );
      const ledger = new Ledger(databases[0]!);
      expect(await ledger.openHolds()).toEqual([]);
      for (const { id } of accounts) expect(await ledger.balance(id)).toBe(20 * price + 30);
    }));

  if (kind !== 'postgres') return;

  test('a process killed amid its tasks leaves nothing that doing them again does not put right', async () => {
    const url = await newUrl();
    const database = await openDatabase({ url });
    try {
      await withBooks(database);
      const { id } = await accountWith(database, 200 * price);
      const worker = spawn(process.execPath, [submitAndCharge, url, id], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(worker.stdout, 'data');
      worker.kill('SIGKILL');
      await once(worker, 'exit');
      const ledger = new Ledger(database);
      const before = await ledger.balance(id);
      expect(before).toBeLessThan(200 * price);
      expect(before).toBeGreaterThan(0);
      for (let task = 0; task < 200; task++) {
        await ledger.hold(id, `task-${task}`, price);
        expect(await ledger.charge(`task-${task}`)).toBe('charged');
      }
      expect(await ledger.balance(id)).toBe(0);
      expect(await ledger.openHolds()).toEqual([]);
      expect(
        await database.query('SELECT kind, count(*) AS n FROM ledger_entries GROUP BY kind ORDER BY kind'),
      ).toEqual([
        { kind: 'charge', n: 200 },
        { kind: 'credit', n: 1 },
        { kind: 'hold', n: 200 },
        { kind: 'release', n: 200 },
      ]);
    } finally {
      await database.close();
    }
  });
});
