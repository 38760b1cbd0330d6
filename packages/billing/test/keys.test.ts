import type { Database } from '@retone/database';
import { onEveryDatabase } from '@retone/database/testing';
import { expect, test } from 'vitest';
import { Accounts, ApiKeys, Audit } from '../src/index.ts';
import { accountWith, withBooks } from './books.ts';

onEveryDatabase(({ open }) => {
  test('a key leads to its account, and is shown in lists by its prefix only', async () => {
    const database = await withBooks(await open());
    const account = await accountWith(database, 0);
    const keys = new ApiKeys(database);
    const { key, ...made } = await keys.create(account.id, 'laptop', 'me');
    expect(key).toMatch(/^rt_[A-Za-z0-9_-]{43}$/);
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      accountId: account.id,
      name: 'laptop',
      prefix: key.slice(0, 9),
      createdAt: expect.any(Date),
      lastUsedAt: null,
      revokedAt: null,
    });
    expect(await keys.list(account.id)).toEqual([made]);
    expect(await keys.authenticate(key)).toEqual({ account, keyId: made.id });
    const [used] = await keys.list();
    expect(used).toEqual({ ...made, lastUsedAt: expect.any(Date) });
    await Promise.all(Array.from({ length: 20 }, () => keys.authenticate(key)));
    // Within a minute no later use is written.
    expect(await keys.list()).toEqual([used]);
    await database.query("UPDATE api_keys SET last_used_at = now() - interval '2 minutes'");
    await keys.authenticate(key);
    expect((await keys.list())[0]!.lastUsedAt!.getTime()).toBeGreaterThanOrEqual(used!.lastUsedAt!.getTime());
  });

  test('no other text is a key', async () => {
    const database = await withBooks(await open());
    const keys = new ApiKeys(database);
    const { key } = await keys.create((await accountWith(database, 0)).id, 'laptop', 'me');
    const last = key.at(-1) === 'A' ? 'E' : 'A';
    const others = [
      '',
      'rt_',
      ` ${key}`,
      `${key} `,
      `${key}x`,
      key.slice(0, -1),
      key.slice(0, -1) + last,
      key.toLowerCase(),
    ];
    for (const other of [
      ...others,
      `${key.slice(0, -1)}\0`,
      `${key}\n`,
      '\ud800',
      "' OR true --",
      key.replace('rt_', 'RT_'),
    ]) {
      expect(await keys.authenticate(other), JSON.stringify(other)).toBeUndefined();
    }
  });

  test("a suspended account's key is known as such", async () => {
    const database = await withBooks(await open());
    const account = await accountWith(database, 0);
    const { key } = await new ApiKeys(database).create(account.id, 'laptop', 'me');
    await new Accounts(database).suspend(account.id, 'me');
    expect((await new ApiKeys(database).authenticate(key))?.account).toEqual({ ...account, status: 'suspended' });
  });

  test('a revoked key is unknown from then on, and others are not', async () => {
    const database = await withBooks(await open());
    const { id } = await accountWith(database, 0);
    const keys = new ApiKeys(database);
    const [one, two] = [await keys.create(id, 'one', 'me'), await keys.create(id, 'two', 'me')];
    await keys.revoke(one.id, 'you');
    const revoked = (await keys.list()).find((key) => key.id === one.id);
    expect(revoked!.revokedAt).toEqual(expect.any(Date));
    expect(await keys.authenticate(one.key)).toBeUndefined();
    expect((await keys.authenticate(two.key))?.keyId).toBe(two.id);
    await keys.revoke(one.id, 'you');
    expect((await keys.list()).find((key) => key.id === one.id)).toEqual(revoked);
    const recorded = (await new Audit(database).entries(id)).filter(({ action }) => action.startsWith('key.'));
    expect(recorded.map(({ actor, action, details }) => [actor, action, details]).reverse()).toEqual([
      ['me', 'key.create', { key: one.id, name: 'one' }],
      ['me', 'key.create', { key: two.id, name: 'two' }],
      ['you', 'key.revoke', { key: one.id, name: 'one' }],
    ]);
  });

  test('a key for nobody, one without a name and the revocation of none are refused', async () => {
    const database = await withBooks(await open());
    const keys = new ApiKeys(database);
    await expect(keys.create('nobody', 'laptop', 'me')).rejects.toMatchObject({ code: 'unknown-account' });
    await expect(keys.create('nobody', '', 'me')).rejects.toMatchObject({ code: 'bad-name' });
    await expect(keys.revoke('none', 'me')).rejects.toMatchObject({ code: 'unknown-key' });
    expect(await new Audit(database).entries()).toEqual([]);
  });

  test('no key is anywhere in the database', async () => {
    const database = await withBooks(await open());
    const keys = new ApiKeys(database);
    const { key } = await keys.create((await accountWith(database, 1)).id, 'laptop', 'me');
    await keys.authenticate(key);
    const contents = await everything(database);
    expect(contents).toContain('laptop');
    const secret = key.slice(9);
    for (const form of [
      secret,
      Buffer.from(secret).toString('hex'),
      Buffer.from(key.slice(3), 'base64url').toString('hex'),
    ]) {
      expect(contents).not.toContain(form);
    }
  });

  test('authentication uses an index', async () => {
    const database = await withBooks(await open());
    const plan = await database.query('EXPLAIN SELECT * FROM api_keys WHERE hash = $1', [new Uint8Array(32)]);
    expect(JSON.stringify(plan)).toContain('api_keys_hash_key');
  });
});

/** Every row of every table, as text. */
async function everything(database: Database): Promise<string> {
  const tables = await database.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
  );
  const rows = await Promise.all(tables.map(({ name }) => database.query(`SELECT t::text AS row FROM "${name}" t`)));
  return JSON.stringify(rows);
}
