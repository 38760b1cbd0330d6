import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isOutage, openDatabase } from '../src/index.ts';
import { smallDisk } from './small-disk.ts';

const disk = smallDisk(200);
if (!disk) console.warn('skipped: full disks, which only root on Linux can mount');
afterAll(() => disk?.close());

test.skipIf(!disk)(
  'PGlite on a full disk refuses to write, answers reads, and recovers when there is room',
  async () => {
    const folder = join(disk!.folder, 'database');
    const database = await openDatabase({ folder });
    await database.query('CREATE TABLE t (a text)');
    await database.query("INSERT INTO t VALUES ('before')");
    disk!.fill(0);
    const writes = [
      () => database.query("INSERT INTO t VALUES ('no')"),
      () => database.query('CHECKPOINT'),
      () => database.tidy(),
      () => database.notify('c', 'x'),
      () => database.transaction((tx) => tx.query("INSERT INTO t VALUES ('no')")),
    ];
    // More often than the write-ahead log has room for: that would be the end of the process.
    for (let i = 0; i < 500; i++) {
      const error = await writes[i % writes.length]!().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: '53100', message: expect.stringContaining('is full') });
      expect(isOutage(error)).toBe(true);
    }
    expect(await database.query('SELECT a FROM t')).toEqual([{ a: 'before' }]);
    disk!.empty();
    // The look at what is free may be a moment old.
    await expect.poll(() => database.query("INSERT INTO t VALUES ('after')").catch(() => 'full')).toEqual([]);
    expect(await database.query('SELECT a FROM t')).toEqual([{ a: 'before' }, { a: 'after' }]);

    disk!.fill(0);
    await expect.poll(() => database.query('CHECKPOINT').catch(() => 'full')).toBe('full');
    await database.close();
    await expect(openDatabase({ folder })).rejects.toMatchObject({ code: '53100' });
    disk!.empty();
    const again = await openDatabase({ folder });
    expect(await again.query('SELECT a FROM t')).toEqual([{ a: 'before' }, { a: 'after' }]);
    await again.close();
  },
);
