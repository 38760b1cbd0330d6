import { onEveryDatabase } from '@retone/database/testing';
import { expect, test } from 'vitest';
import { Accounts, ApiKeys, Audit, firstStart, Ledger, startingCredit } from '../src/index.ts';
import { accountWith, withBooks } from './books.ts';

onEveryDatabase(({ open }) => {
  test('an account is made, found, listed, suspended, resumed and limited, and the audit log records it', async () => {
    const database = await withBooks(await open());
    const accounts = new Accounts(database);
    const made = await accounts.create('  Ada & sons ', 'me');
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: 'Ada & sons',
      status: 'active',
      createdAt: expect.any(Date),
      requestsPerMinute: null,
      concurrentTasks: null,
    });
    expect(await accounts.get(made.id)).toEqual(made);
    const other = await accounts.create('other', 'me');
    expect((await accounts.list()).map(({ id }) => id).toSorted()).toEqual([made.id, other.id].toSorted());
    expect(await accounts.suspend(made.id, 'me')).toEqual({ ...made, status: 'suspended' });
    const limits = { requestsPerMinute: 2, concurrentTasks: 3 };
    expect(await accounts.setLimits(made.id, limits, 'you')).toEqual({ ...made, ...limits, status: 'suspended' });
    const unlimited = { requestsPerMinute: null, concurrentTasks: null };
    await accounts.setLimits(made.id, unlimited, 'you');
    expect(await accounts.resume(made.id, 'me')).toEqual(made);
    expect(await accounts.get(other.id)).toEqual(other);
    const audit = await new Audit(database).entries(made.id);
    expect(audit.map(({ actor, action, details }) => [actor, action, details]).reverse()).toEqual([
      ['me', 'account.create', { name: 'Ada & sons' }],
      ['me', 'account.suspend', {}],
      ['you', 'account.limit', limits],
      ['you', 'account.limit', unlimited],
      ['me', 'account.resume', {}],
    ]);
  });

  test('unknown accounts, bad names and bad limits are refused, and leave no trace', async () => {
    const database = await withBooks(await open());
    const accounts = new Accounts(database);
    for (const name of ['', '   ', 'a\nb', 'a\0b', 'x'.repeat(101)]) {
      await expect(accounts.create(name, 'me'), name).rejects.toMatchObject({ code: 'bad-name' });
    }
    for (const id of ['', 'nobody', "' OR true --"]) {
      expect(await accounts.get(id)).toBeUndefined();
      await expect(accounts.suspend(id, 'me')).rejects.toMatchObject({ code: 'unknown-account' });
      await expect(accounts.webhookSecret(id)).rejects.toMatchObject({ code: 'unknown-account' });
      await expect(accounts.rotateWebhookSecret(id, 'me')).rejects.toMatchObject({ code: 'unknown-account' });
    }
    expect(await new Audit(database).entries()).toEqual([]);
    const { id } = await accounts.create('x'.repeat(100), 'me');
    for (const limit of [0, -1, 1.5, 2 ** 31, Number.NaN]) {
      for (const name of ['requestsPerMinute', 'concurrentTasks']) {
        const limits = { requestsPerMinute: null, concurrentTasks: null, [name]: limit };
        await expect(accounts.setLimits(id, limits, 'me'), name).rejects.toMatchObject({ code: 'bad-limit' });
      }
    }
    expect(await new Audit(database).entries()).toHaveLength(1);
  });

  test('a webhook secret is kept until it is rotated, and is in no account and no audit', async () => {
    const database = await withBooks(await open());
    const accounts = new Accounts(database);
    const { id } = await accounts.create('test', 'me');
    const secret = await accounts.webhookSecret(id);
    expect(secret).toMatch(/^whsec_[\w-]{43}$/);
    expect(await accounts.webhookSecret(id)).toBe(secret);
    const rotated = await accounts.rotateWebhookSecret(id, 'me');
    expect(rotated).toMatch(/^whsec_[\w-]{43}$/);
    expect(rotated).not.toBe(secret);
    expect(await accounts.webhookSecret(id)).toBe(rotated);
    const [entry] = await new Audit(database).entries(id);
    expect(entry).toMatchObject({ actor: 'me', action: 'webhook-secret.rotate', details: {} });
    expect(JSON.stringify(await accounts.list())).not.toContain('whsec_');
  });

  test('the first start makes an account with credit and a key, however many start at once', async () => {
    const database = await withBooks(await open());
    const started = await Promise.all(Array.from({ length: 8 }, () => firstStart(database)));
    const [first, ...more] = started.filter((each) => each !== undefined);
    expect(more).toEqual([]);
    expect(await new Accounts(database).list()).toEqual([first!.account]);
    expect((await new ApiKeys(database).authenticate(first!.key))?.account).toEqual(first!.account);
    expect(await new Ledger(database).balance(first!.account.id)).toBe(startingCredit);
    expect(await firstStart(database)).toBeUndefined();
    const actors = (await new Audit(database).entries()).map(({ actor }) => actor);
    expect(actors).toEqual(['first start', 'first start', 'first start']);
  });

  test('the first start may give no credit', async () => {
    const database = await withBooks(await open());
    const { account } = (await firstStart(database, 0))!;
    expect(await new Ledger(database).entries(account.id)).toEqual([]);
  });

  test('the audit is read in pages and cannot be changed', async () => {
    const database = await withBooks(await open());
    const { id } = await accountWith(database, 0);
    for (let i = 1; i <= 5; i++) await new Ledger(database).credit(id, i, 'me');
    const audit = new Audit(database);
    const newest = await audit.entries(id, { limit: 2 });
    expect(newest.map(({ details }) => details.amount)).toEqual([5, 4]);
    const older = await audit.entries(id, { limit: 2, before: newest.at(-1)!.id });
    expect(older.map(({ details }) => details.amount)).toEqual([3, 2]);
    for (const sql of ['UPDATE audit_entries SET actor = $1', 'DELETE FROM audit_entries WHERE actor <> $1']) {
      await expect(database.query(sql, ['x'])).rejects.toMatchObject({ code: '42501' });
    }
    await expect(database.query('TRUNCATE audit_entries')).rejects.toMatchObject({ code: '42501' });
    expect(await audit.entries()).toHaveLength(6);
  });
});
