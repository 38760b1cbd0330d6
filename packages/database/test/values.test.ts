import { expect, test } from 'vitest';
import { onEveryDatabase } from './testing.ts';

/** Sent as a parameter of this type and read again as it was. */
const kept: [type: string, value: unknown][] = [
  ['boolean', true],
  ['boolean', false],
  ['smallint', -32768],
  ['integer', 2 ** 31 - 1],
  ['bigint', 0],
  ['bigint', Number.MAX_SAFE_INTEGER],
  ['bigint', Number.MIN_SAFE_INTEGER],
  ['real', 0.5],
  ['double precision', 0.1],
  ['double precision', Number.NEGATIVE_INFINITY],
  ['numeric', '12345678901234567890.000001'],
  ['text', ''],
  ['text', 'Ωmega \' " \\ \n 🎻'],
  ['varchar', 'x'],
  ['uuid', '6f1c1f8a-7a52-4a5d-9a0b-2c1f64f1a001'],
  ['date', '2026-11-22'],
  ['timestamp', '2026-11-22 19:18:27.123456'],
  ['interval', '1 day 02:00:00'],
  ['date[]', '{2026-11-22,NULL}'],
  ['timestamptz', new Date('2026-11-22T19:18:27.123Z')],
  ['timestamptz', new Date('1970-01-01T00:00:00Z')],
  ['timestamptz', new Date('0099-01-01T00:00:00Z')],
  ['json', { a: [1, null, 'x'] }],
  ['jsonb', { a: { b: false } }],
  ['bytea', new Uint8Array([0, 1, 92, 255])],
  ['bytea', new Uint8Array()],
  ['text[]', ['', 'a', 'NULL', null, '"quoted"', 'back\\slash', '{x,y}', ' ']],
  ['text[]', []],
  ['bigint[]', [1, 2 ** 40]],
  [
    'integer[]',
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['boolean[]', [true, false]],
  ['jsonb[]', [{ a: '"' }, null]],
  ['timestamptz[]', [new Date(0)]],
  ['integer', null],
  ['jsonb', null],
];

/** Sent as a parameter of this type and read as something else. */
const changed: [type: string, sent: unknown, read: unknown][] = [
  ['text', 7, '7'],
  ['text', true, 'true'],
  ['integer', '7', 7],
  ['bigint', 7n, 7],
  ['boolean', 'yes', true],
  ['timestamptz', '2026-11-22 20:18:27.9999+01', new Date('2026-11-22T19:18:27.999Z')],
  ['jsonb', '[1,2]', [1, 2]],
  ['jsonb', 'null', null],
  ['text', undefined, null],
  ['bytea', Buffer.from('ab'), new Uint8Array([97, 98])],
];

onEveryDatabase(({ open }) => {
  test('values arrive as they were sent', async () => {
    const database = await open();
    for (const [type, value] of kept) {
      expect(await database.query(`SELECT $1::${type} AS value`, [value]), type).toStrictEqual([{ value }]);
    }
    for (const [type, sent, value] of changed) {
      expect(await database.query(`SELECT $1::${type} AS value`, [sent]), type).toStrictEqual([{ value }]);
    }
  });

  test('values are read alike with and without parameters, whatever the time zone', async () => {
    const database = await open();
    await database.transaction(async (tx) => {
      await tx.query("SET LOCAL TIME ZONE 'Asia/Kolkata'");
      const sql = "SELECT 5::bigint AS n, '2026-11-22T12:00:00Z'::timestamptz AS at, true AS b";
      const row = { n: 5, at: new Date('2026-11-22T12:00:00Z'), b: true };
      expect(await tx.query(sql)).toStrictEqual([row]);
      expect(await tx.query(`${sql} WHERE $1`, [true])).toStrictEqual([row]);
    });
  });

  test('a bigint that no number can hold is refused, not rounded', async () => {
    const database = await open();
    for (const sql of ['SELECT 9007199254740992 AS n', "SELECT '-9007199254740993'::bigint AS n"]) {
      await expect(database.query(sql)).rejects.toThrow(/beyond 2\^53/);
    }
    await expect(database.query('SELECT $1::bigint AS n', ['9007199254740992'])).rejects.toThrow(/beyond 2\^53/);
    await expect(database.query('SELECT ARRAY[9007199254740992] AS n')).rejects.toThrow(/beyond 2\^53/);
    expect(await database.query('SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test('an invalid date and text that Postgres cannot store are refused', async () => {
    const database = await open();
    await expect(database.query('SELECT $1::timestamptz', [new Date(Number.NaN)])).rejects.toThrow(RangeError);
    await expect(database.query('SELECT $1::text', ['a\0b'])).rejects.toMatchObject({ code: '22021' });
    await expect(database.query('SELECT $1::jsonb', [{ a: '\0' }])).rejects.toMatchObject({ code: '22P05' });
    await expect(database.query('SELECT $1::integer', ['x'])).rejects.toMatchObject({ code: '22P02' });
  });

  test('several statements without parameters answer with the rows of them all', async () => {
    const database = await open();
    expect(await database.query('CREATE TABLE t (a integer); INSERT INTO t VALUES (1), (2); SELECT a FROM t')).toEqual([
      { a: 1 },
      { a: 2 },
    ]);
    expect(await database.query('SELECT 3 AS a; DELETE FROM t; SELECT 4 AS b')).toEqual([{ a: 3 }, { b: 4 }]);
    expect(await database.query('')).toEqual([]);
    await expect(database.query('SELECT $1::int; SELECT 2', [1])).rejects.toMatchObject({ code: '42601' });
  });
});
