import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../src/index.ts';

let scratch: string;
let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'retone-folder-'));
  folder = join(scratch, 'data', 'database');
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});

/** Runs a program with `openDatabase` and `folder` in another process. */
function inAnotherProcess(program: string): ChildProcess {
  const index = fileURLToPath(new URL('../src/index.ts', import.meta.url));
  const text = `
    import { openDatabase } from ${JSON.stringify(index)};
    const folder = ${JSON.stringify(folder)};
    ${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

/** The first line that a process prints. */
async function firstLine(child: ChildProcess): Promise<string> {
  const [chunk] = await once(child.stdout!.setEncoding('utf8'), 'data');
  return (chunk as string).trim();
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('a folder keeps its data for its owner alone, and needs not exist before', async () => {
  const first = await openDatabase({ folder });
  await first.query("CREATE TABLE t (a text); INSERT INTO t VALUES ('kept')");
  await first.close();
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const second = await openDatabase({ folder });
  expect(await second.query('SELECT a FROM t')).toEqual([{ a: 'kept' }]);
  await second.close();
});

test('a second opening is refused with an error that names the folder, and harms nothing', async () => {
  const database = await openDatabase({ folder });
  for (let i = 0; i < 2; i++) {
    const error = await openDatabase({ folder }).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'locked', message: expect.stringContaining(folder) });
    const line = await firstLine(
      inAnotherProcess('openDatabase({ folder }).catch((error) => console.log(error.code))'),
    );
    expect(line).toBe('locked');
  }
  expect(await database.query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
  await database.close();
});

test('what a killed process had committed is there, and its lock is not', async () => {
  const child = inAnotherProcess(`
    const database = await openDatabase({ folder });
    await database.query('CREATE TABLE t (a integer)');
    for (let i = 1; i <= 100; i++) await database.query('INSERT INTO t VALUES ($1)', [i]);
    console.log('written');`);
  expect(await firstLine(child)).toBe('written');
  await expect(openDatabase({ folder })).rejects.toMatchObject({ code: 'locked' });
  await killed(child);
  const database = await openDatabase({ folder });
  expect(await database.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 100 }]);
  await database.close();
});

test('a process killed while it made the folder leaves nothing that the next one stumbles over', async () => {
  const child = inAnotherProcess("console.log('starting'); await openDatabase({ folder });");
  await firstLine(child);
  await expect.poll(() => existsSync(join(`${folder}.new`, 'global')), { interval: 1, timeout: 60_000 }).toBe(true);
  await killed(child);
  expect(existsSync(folder)).toBe(false);
  const database = await openDatabase({ folder });
  expect(await database.query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
  await database.close();
});

test('what is tidied up does not grow with what was written', async () => {
  const database = await openDatabase({ folder });
  await database.query("CREATE TABLE t AS SELECT g, repeat('x', 1000) AS text FROM generate_series(1, 2000) g");
  const sizes: number[] = [];
  for (let day = 0; day < 3; day++) {
    for (let i = 0; i < 20; i++) await database.query('UPDATE t SET g = g + 1');
    await database.tidy();
    const [table] = await database.query("SELECT pg_total_relation_size('t') AS size");
    sizes.push(table!.size);
    const megabytesEach = 16;
    expect(readdirSync(join(folder, 'pg_wal')).length * megabytesEach).toBeLessThan(120);
  }
  expect(sizes[2]).toBeLessThanOrEqual(sizes[0]! * 1.2);
  await database.close();
});

test('an empty folder becomes a database, and one with other files is left alone', async () => {
  mkdirSync(folder, { recursive: true });
  await (await openDatabase({ folder })).close();
  folder = join(scratch, 'songs');
  mkdirSync(folder);
  writeFileSync(join(folder, 'song.mp3'), '');
  const refusal = { code: 'bad-folder', message: expect.stringContaining(folder) };
  for (let i = 0; i < 2; i++) await expect(openDatabase({ folder })).rejects.toMatchObject(refusal);
  expect(readdirSync(folder)).toEqual(['song.mp3']);
});

test.each(['song.mp3', join('song.mp3', 'database')])(
  'a file where a folder should be, %s, is reported',
  async (name) => {
    writeFileSync(join(scratch, 'song.mp3'), '');
    folder = join(scratch, name);
    const refusal = { code: 'bad-folder', message: expect.stringContaining(folder) };
    await expect(openDatabase({ folder })).rejects.toMatchObject(refusal);
  },
);
