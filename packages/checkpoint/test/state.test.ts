import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { folderState } from '../src/index.ts';

test("the state of a folder shows whether a checkpoint's file in it was changed, replaced, added or removed", () => {
  const folder = mkdtempSync(join(tmpdir(), 'retone-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'text'));
  const write = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    utimesSync(join(folder, name), 1, 1);
  };
  write('model.safetensors', 'weights');
  write('text/model.safetensors', 'weights');

  const states = [folderState(folder)];
  write('notes.txt', 'what is beside a checkpoint does not count');
  expect(folderState(folder)).toBe(states[0]);
  for (const change of [
    () => write('model.safetensors', 'longer weights'),
    () => utimesSync(join(folder, 'text', 'model.safetensors'), 2, 2),
    () => {
      write('other', 'longer weights');
      renameSync(join(folder, 'other'), join(folder, 'model.safetensors'));
    },
    () => write('model_config.json', '{}'),
    () => rmSync(join(folder, 'text'), { recursive: true }),
  ]) {
    change();
    states.push(folderState(folder));
  }
  expect(new Set(states).size).toBe(6);
  expect(folderState(join(folder, 'nothing'))).toBe('');
});
