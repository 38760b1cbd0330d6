import { createReadStream, existsSync, type Stats, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { AudioError, decodeAudio } from '@retone/audio';
import { audioOf, type Tensor } from '@retone/engine';
import { UsageError } from './arguments.ts';

/** A dash stands for standard input. */
const standardInput = '-';
/** Most bytes of what cannot be read from its place: it is kept in memory. */
const mostPiped = 2e9;

/** How a recording is read. */
export interface ReadOptions {
  /** Seconds that are wanted, from the start; the rest is not decoded. */
  seconds: number;
  mix: 'downmix' | 'first-two';
  signal: AbortSignal;
  onWarning: (warning: string) => void;
}

/** A recording as a tensor [channels, samples] at a model's rate, and whether there is more of it than was wanted. */
export async function readAudio(
  file: string,
  sampleRate: number,
  { seconds, mix, signal, onWarning }: ReadOptions,
): Promise<{ audio: Tensor; more: boolean }> {
  const wanted = Math.round(seconds * sampleRate);
  const options = { sampleRate, channels: 2, mix, signal, onWarning, seconds: (wanted + 1) / sampleRate } as const;
  const piped = file === standardInput ? process.stdin : pipe(file);
  const name = file === standardInput ? 'standard input' : basename(file);
  const clip = await decodeAudio(piped ? await bytesOf(piped, name) : file, { ...options, name });
  const more = clip.channels[0]!.length > wanted;
  return { audio: audioOf(clip.channels.map((channel) => channel.subarray(0, wanted))), more };
}

/** A stream of what has no place to read from again: FIFOs, devices, `<(...)`. */
function pipe(file: string): NodeJS.ReadableStream | undefined {
  let stat: Stats | undefined;
  try {
    stat = statSync(file, { throwIfNoEntry: false });
  } catch {
    // The codecs say what is wrong with it.
  }
  return stat?.isFIFO() || stat?.isCharacterDevice() || stat?.isSocket() ? createReadStream(file) : undefined;
}

async function bytesOf(stream: NodeJS.ReadableStream, name: string): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    length += chunk.length;
    if (length > mostPiped)
      throw new AudioError('too-large', `${name} has more than ${mostPiped / 1e9} GB; give a file`);
  }
  return Buffer.concat(chunks);
}

/** @throws UsageError when there is not exactly one file on the command line, or a URL in its place */
export function oneFile(positionals: string[]): string {
  const [file, more] = positionals;
  if (more !== undefined) throw new UsageError(`"${more}" is one argument too many; give one file`);
  if (file === undefined) throw new UsageError('there is no file to work on');
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(file) && !existsSync(file))
    throw new UsageError(`"${file}" is a URL; fetch it first, or pipe it in: curl -L ${file} | retone ... -`);
  return file;
}

/** The name that results of an input are named after. */
export function stemOf(file: string): string {
  return file === standardInput ? 'stdin' : basename(file, extname(file));
}
