import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { evictOldest, markUsed } from '../src/index.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retone-cache-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** An entry of 1000 bytes, in a file or in a folder's folder, that was used some minutes ago. */
function entry(name: string, minutes: number, kind: 'file' | 'folder' = 'file'): void {
  const path = join(folder, name);
  if (kind === 'folder') mkdirSync(join(path, 'fast'), { recursive: true });
  writeFileSync(kind === 'folder' ? join(path, 'fast', 'weights') : path, Buffer.alloc(1000));
  const used = new Date(Date.now() - minutes * 60_000);
  utimesSync(path, used, used);
}

test('the least recently used entries are evicted first, files and folders', () => {
  entry('newest', 10);
  entry('oldest', 40, 'folder');
  entry('older', 30);
  entry('newer', 20, 'folder');
  evictOldest(folder, 3500);
  expect(readdirSync(folder).sort()).toEqual(['newer', 'newest', 'older']);
  evictOldest(folder, 2000);
  expect(readdirSync(folder).sort()).toEqual(['newer', 'newest']);
  evictOldest(folder, 2000);
  expect(readdirSync(folder)).toHaveLength(2);
});

test('an entry that was just marked as used stays, since another process may be opening it', () => {
  entry('opening', 40, 'folder');
  entry('other', 30);
  markUsed(join(folder, 'opening'));
  evictOldest(folder, 0);
  expect(readdirSync(folder)).toEqual(['opening']);
});

test('marking what is not there does nothing', () => {
  expect(() => markUsed(join(folder, 'absent'))).not.toThrow();
});
