import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { isFolder, makeFolder } from '@retone/common';
import { UsageError } from './arguments.ts';
import { stemOf } from './input.ts';
import { SharedModel } from './shared-model.ts';

/** Processes one file of several. */
export interface FileOfMany {
  file: string;
  output: string;
  shared: SharedModel;
  /** Which of how many, for the progress. */
  place: string;
}

/** Whether a command line asks for several files, or for a folder to write in. */
export function isBatch(files: string[], output: string | undefined): boolean {
  return files.length > 1 || files.some(isPattern) || (output !== undefined && namesFolder(output));
}

/**
 * Does something with each of several files, and writes the results into a folder under the files' names. Results that exist are
 * skipped, so an interrupted run continues where it stopped; a file that fails does not stop the others.
 *
 * @throws UsageError when the results have nowhere to go; an Error at the end when files failed
 */
export async function forEachFile(
  patterns: string[],
  options: { output: string | undefined; extension: string; overwrite: boolean; json: boolean; signal: AbortSignal },
  work: (one: FileOfMany) => Promise<void>,
): Promise<void> {
  const { output: folder, extension, overwrite, json, signal } = options;
  const files = patterns.flatMap((pattern) => (isPattern(pattern) ? globSync(pattern).sort() : [pattern]));
  if (files.length === 0) throw new UsageError(`there must be files that match ${patterns.join(' ')} (got none)`);
  if (folder === undefined) throw new UsageError('--output must name a folder when there are several files');
  if (existsSync(folder) && !isFolder(folder))
    throw new UsageError(`--output must be a folder when there are several files ("${folder}" is a file)`);
  const outputs = files.map((file) => join(folder, `${stemOf(file)}.${extension}`));
  const twice = outputs.find((output, i) => outputs.indexOf(output) !== i);
  if (twice) throw new UsageError(`files must have different names: two of them would become "${twice}"`);
  makeFolder(folder);

  const shared = new SharedModel();
  let skipped = 0;
  const failures: string[] = [];
  try {
    for (const [i, file] of files.entries()) {
      if (signal.aborted) throw signal.reason;
      const output = outputs[i]!;
      if (!overwrite && existsSync(output)) skipped++;
      else {
        await work({ file, output, shared, place: `${i + 1} of ${files.length}: ` }).catch((error: Error) => {
          // A wrong flag is wrong for all files.
          if (signal.aborted || error instanceof UsageError) throw error;
          failures.push(file);
          if (json) console.log(JSON.stringify({ input: file, error: { message: error.message } }));
          else console.error(`retone: ${file}: ${error.message}`);
        });
      }
    }
  } finally {
    await shared.release();
  }
  const done = files.length - skipped - failures.length;
  const also = skipped > 0 ? `, ${skipped} skipped: their results exist` : '';
  if (!json) console.error(`${done} of ${files.length} files done${also}`);
  if (failures.length > 0)
    throw new Error(`${failures.length} of ${files.length} files failed: ${failures.join(', ')}`);
}

/** Shells that do not expand patterns leave it to programs. */
function isPattern(file: string): boolean {
  return /[*?]/.test(file) && !existsSync(file);
}

function namesFolder(path: string): boolean {
  return /[\\/]$/.test(path) || isFolder(path);
}
