import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CodedError, elementsOf, makeFolder, tryLock, writeAtomically } from '../src/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retone-common-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('an error is named after its own class', () => {
  class SomeError extends CodedError<'some-code'> {}
  const cause = new Error('deeper');
  expect(new SomeError('some-code', 'what was wrong', { cause })).toMatchObject({
    name: 'SomeError',
    code: 'some-code',
    message: 'what was wrong',
    cause,
  });
});

test('a file is replaced when all of it is written', async () => {
  const path = join(folder, 'file');
  await writeFile(path, 'old');
  await writeAtomically(path, async (part) => {
    await writeFile(part, 'new');
    expect(readFileSync(path, 'utf8')).toBe('old');
  });
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(readdirSync(folder)).toEqual(['file']);
});

test('a write that fails leaves the old file and nothing else', async () => {
  const path = join(folder, 'file');
  await writeFile(path, 'old');
  const failing = writeAtomically(path, async (part) => {
    await writeFile(part, 'half');
    throw new Error('the disk is full');
  });
  await expect(failing).rejects.toThrow('the disk is full');
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(['file']);
});

test('a lock has one holder', () => {
  const path = join(folder, 'lock');
  const release = tryLock(path)!;
  expect(tryLock(path)).toBeUndefined();
  release();
  tryLock(path)!();
});

test.each([
  [[], 1],
  [[3], 3],
  [[2, 3, 4], 24],
  [[2, 0], 0],
])('a tensor of shape %j has %d elements', (shape, count) => {
  expect(elementsOf(shape)).toBe(count);
});

test('a folder is made with its parents, and one that exists is left as it is', () => {
  const deep = join(folder, 'one', 'two');
  makeFolder(deep, 0o700);
  makeFolder(deep);
  expect(statSync(deep).mode & 0o777).toBe(0o700);
});

test('a folder that cannot be made is an error, also where a recursive mkdir of Node never returns', async () => {
  await writeFile(join(folder, 'file'), '');
  expect(() => makeFolder(join(folder, 'file', 'below'))).toThrow(/ENOTDIR/);
  expect(() => makeFolder(join(folder, 'file'))).toThrow(/EEXIST/);
  if (process.platform === 'linux') expect(() => makeFolder('/proc/nowhere/below')).toThrow(/ENOENT/);
});
