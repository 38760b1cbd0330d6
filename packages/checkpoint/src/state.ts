import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What tells a model's folder from itself after a change: its files with their sizes and times, which are found without
 * reading any of them. Empty if there is no such folder.
 */
export function folderState(folder: string): string {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return '';
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  const states = files.map((name) => {
    const { size, mtimeMs, ino } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? {};
    return [name, size, mtimeMs, ino];
  });
  return JSON.stringify(states);
}
