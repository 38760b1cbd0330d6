import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from '@retone/common';
import { isWeightFile } from './weight-files.ts';

/** The files that a checkpoint is opened from, in its folder or in that of its text encoder. */
const fileNames: readonly string[] = [
  'model_config.json',
  'words.json',
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
];

/**
 * Distinguishes a checkpoint's folder from itself after a change: sizes and times of the files that it is opened from, which
 * are found without reading any. Empty if there is no such folder.
 */
export function folderState(folder: string): string {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return '';
  const entries = readdirSync(folder, { withFileTypes: true });
  const inner = entries.filter((entry) => !entry.isFile()).map(({ name }) => name);
  const paths = ['', ...inner.toSorted()].flatMap((part) =>
    namesIn(join(folder, part))
      .filter((name) => fileNames.includes(name) || isWeightFile(name))
      .map((name) => join(part, name)),
  );
  const states = paths.flatMap((path) => {
    const stat = statSync(join(folder, path), { throwIfNoEntry: false });
    return stat ? [[path, stat.size, stat.mtimeMs, stat.ino]] : [];
  });
  return JSON.stringify(states);
}
