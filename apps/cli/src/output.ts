import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type EncodeOptions, encodeAudio } from '@retone/audio';
import { isFolder, writeAtomically } from '@retone/common';
import {
  defaultFormat,
  formatOfFileName,
  isWritableFormat,
  type WritableFormat,
  writableFormats,
} from '@retone/contract';
import { channelsOf, type Tensor } from '@retone/engine';
import { UsageError } from './arguments.ts';

/** `-o -`: a result is written to standard output, and messages to standard error. */
export const standardOutput = '-';

/** Protection against overwriting a recording. */
export interface OutputOptions {
  /** The file that is read, which is never written. */
  input?: string | undefined;
  /** Whether a file that is there may be replaced. */
  overwrite?: boolean | undefined;
}

/**
 * The destination of a result. Everything that can be wrong with it is found when it is made, before any work is done: what
 * cannot be written, what is there already, and what would overwrite the recording itself.
 */
export class Output {
  readonly path: string;
  readonly #reserved: boolean;

  private constructor(path: string, reserved = false) {
    this.path = path;
    this.#reserved = reserved;
    if (reserved) process.once('exit', this.#release);
  }

  /** @throws UsageError when a file cannot be written there, or would replace another */
  static at(path: string, { input, overwrite = false }: OutputOptions = {}): Output {
    if (path === standardOutput) return new Output(path);
    const there = look(path, lstatSync);
    if (!there) {
      checkFolder(path);
      return new Output(path);
    }
    const target = look(path, statSync);
    if (target?.isDirectory()) throw new UsageError(`"${path}" is a folder; --output must name a file`);
    if (target && input !== undefined && isSame(target, input))
      throw new UsageError(`"${path}" is the recording itself; --output must name another file`);
    if (target?.isSocket()) throw new UsageError(`"${path}" is a socket; --output must name a file`);
    // A link that leads to nothing yet, a pipe, a device: nothing is replaced.
    if (!target?.isFile()) return new Output(path);
    if (!overwrite) throw new UsageError(`"${path}" exists; --overwrite replaces it`);
    if (!isWritable(path, target)) throw new UsageError(`"${path}" is write-protected`);
    return new Output(path);
  }

  /** A name made from that of the input, which is taken at once, so that another process takes another. */
  static free(base: string, extension: string): Output {
    const stem = shortened(base.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '')) || 'retone';
    for (let number = 1; ; number++) {
      const path = `${stem}.retone${number === 1 ? '' : `-${number}`}.${extension}`;
      try {
        closeSync(openSync(path, 'wx'));
        return new Output(path, true);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'EEXIST')
          throw new UsageError(`"${path}" cannot be written here (${code}); --output names another place`);
      }
    }
  }

  /** Writes a whole file, or what is not a regular one as it is. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.path === standardOutput) return writeThrough(process.stdout.fd, bytes);
    const target = look(this.path, statSync);
    const links = look(this.path, lstatSync);
    // A link, another name of the same file, or a device stays what it is: written through.
    if (links && (links.isSymbolicLink() || links.nlink > 1 || !target?.isFile())) {
      const file = openSync(this.path, target && !target.isFile() ? 'a' : 'w');
      try {
        writeThrough(file, bytes);
      } finally {
        closeSync(file);
      }
      return;
    }
    await writeAtomically(this.path, async (part) => {
      await writeFile(part, bytes);
      if (target) await chmod(part, target.mode & 0o7777);
    });
    if (this.#reserved) process.removeListener('exit', this.#release);
  }

  /** The name was taken with an empty file, which is deleted if there is no result. */
  readonly #release = () => rmSync(this.path, { force: true });
}

/**
 * The destination and format of a sound: the path given, or to a name made from that of the input.
 *
 * @throws UsageError when the format is none, or nothing can be written there: before any work is done
 */
export function chooseOutput(
  path: string | undefined,
  format: string | undefined,
  base: string,
  options: OutputOptions = {},
): { output: Output; format: WritableFormat } {
  const chosen = chosenFormat(path, format);
  const output = path === undefined ? Output.free(base, chosen) : Output.at(path, options);
  return { output, format: chosen };
}

/** The format that a path's extension or --format names. @throws UsageError when it is none that Retone writes */
export function chosenFormat(path: string | undefined, format: string | undefined): WritableFormat {
  const named = path === undefined || path === standardOutput ? undefined : formatOfFileName(path)?.name;
  const chosen = format ?? (path === undefined || path === standardOutput ? defaultFormat : named);
  if (chosen === undefined || !isWritableFormat(chosen)) {
    const what =
      format === undefined ? `the extension of "${path}" is none that Retone writes` : `--format is "${format}"`;
    throw new UsageError(`${what}; it writes ${writableFormats.join(', ')}`);
  }
  if (format !== undefined && named !== undefined && named !== format)
    throw new UsageError(`--format is ${format}, but "${path}" is the name of a file of ${named}; leave one out`);
  return chosen;
}

/** @throws UsageError when there is no folder to write a file in, or a file of this name cannot be made there */
function checkFolder(path: string): void {
  const folder = dirname(path);
  if (!isFolder(folder)) throw new UsageError(`there is no folder "${folder}" to write "${path}" in`);
  try {
    // Permissions, a name that is too long, a file system that can only be read: only trying shows them all.
    accessSync(folder, constants.W_OK | constants.X_OK);
    closeSync(openSync(path, 'wx'));
    rmSync(path);
  } catch (error) {
    throw new UsageError(`"${path}" cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

function look(path: string, how: (path: string, options: { throwIfNoEntry: false }) => Stats | undefined) {
  try {
    return how(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new UsageError(`"${path}" cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

function isSame(target: Stats, input: string): boolean {
  const source = statSync(input, { throwIfNoEntry: false });
  return source !== undefined && source.ino === target.ino && source.dev === target.dev;
}

/** Root may write every file; that somebody protected one counts all the same. */
function isWritable(path: string, { mode }: Stats): boolean {
  if ((mode & 0o222) === 0) return false;
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function writeThrough(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(file, bytes, at, bytes.length - at);
    } catch (error) {
      // A pipe that is full; its reader needs a moment.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** The first characters, at most 150 bytes of them: a file system takes 255 for a name. */
function shortened(text: string): string {
  let short = text.slice(0, 60);
  while (Buffer.byteLength(short) > 150) short = short.slice(0, -1);
  return short;
}

/** Encodes audio [channels, samples] and writes it. */
export async function writeAudio(
  { output, format }: { output: Output; format: WritableFormat },
  audio: Tensor,
  sampleRate: number,
  options: EncodeOptions,
): Promise<void> {
  await output.write(await encodeAudio({ sampleRate, channels: channelsOf(audio) }, format, options));
}

/** Says what was done: on standard output, unless the result itself is written there. */
export function say(output: Output, text: string): void {
  if (output.path === standardOutput) console.error(text);
  else console.log(text);
}
