import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFolder } from '@retone/common';
import { formatOfFileName } from '@retone/contract';
import { type Flags, parse, UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { stemOf } from '../input.ts';
import { SharedModel } from '../shared-model.ts';
import { transformFlags, transformOne } from './sound.ts';

const flags = {
  ...transformFlags,
  output: { type: 'string', short: 'o', value: 'folder', help: 'where results go; default: beside the recordings' },
  existing: { type: 'boolean', help: 'transform files too that are there already and have no result' },
} satisfies Flags;

/** Milliseconds between two looks at the folder. Network drives do not report changes, so it is polled. */
const pause = 500;
/** The mark in the names of results; recordings with it are skipped. */
const mark = '.retone.';

export const watchCommands: Record<string, Command> = {
  watch: {
    summary: 'transform every new recording in a folder',
    usage: '<folder> --prompt "..." [options]',
    flags,
    async run(args, signal) {
      const { values, positionals } = parse(args, flags);
      const [folder, more] = positionals;
      if (folder === undefined || more !== undefined) throw new UsageError('watch takes one folder');
      if (!isFolder(folder)) throw new UsageError(`"${folder}" must be a folder`);
      if (values.prompt === undefined)
        throw new UsageError('--prompt is missing; it says what the results should sound like');
      const { existing = false, output = folder, format = 'wav', ...rest } = values;
      if (!isFolder(output)) throw new UsageError(`"${output}" must be a folder`);
      const shared = new SharedModel();
      const known = new Set(existing ? [] : recordingsIn(folder));
      console.error(`watching ${folder}; Ctrl-C stops`);
      try {
        for await (const file of newRecordings(folder, known, signal)) {
          const result = join(output, `${stemOf(file)}${mark}${format}`);
          if (existsSync(result)) continue;
          await transformOne({ ...rest, output: result }, file, signal, { shared, place: '' }).catch((error: Error) => {
            if (error instanceof UsageError) throw error;
            if (!signal.aborted) console.error(`retone: ${file}: ${error.message}`);
          });
        }
      } finally {
        await shared.release();
      }
    },
  },
};

/** Recordings in a folder that are not known yet, each when it is whole: other programs write them bit by bit. */
async function* newRecordings(folder: string, known: Set<string>, signal: AbortSignal): AsyncGenerator<string> {
  const sizes = new Map<string, number>();
  while (!signal.aborted) {
    for (const name of recordingsIn(folder)) {
      if (known.has(name)) continue;
      const file = join(folder, name);
      const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
      if (size > 0 && sizes.get(name) === size) {
        known.add(name);
        yield file;
      } else sizes.set(name, size);
    }
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}

function recordingsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.') && !name.includes(mark) && formatOfFileName(name) !== undefined)
    .sort();
}
