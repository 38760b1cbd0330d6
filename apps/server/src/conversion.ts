import {
  AudioError,
  type AudioErrorCode,
  audioFormats,
  decodeAudio,
  encodeAudio,
  type WritableFormat,
} from '@retone/audio';
import { ApiError, retryAfter } from './envelope.ts';

/** Conversions that run at once; each has a whole recording in memory, and a processor. */
const atOnce = 2;
/** How many more may wait for their turn. */
const mostWaiting = 16;
/** Longest recording that is converted, in seconds. */
const maxDuration = 15 * 60;

/** The formats that files can be had in. */
export const writableFormats = audioFormats.filter(({ writable }) => writable).map(({ name }) => name) as [
  WritableFormat,
  ...WritableFormat[],
];

let running = 0;
const waiting: (() => void)[] = [];

/**
 * Converts a sound file to another format, in processes of their own.
 *
 * @throws ApiError when it is no sound or too long, or when too many wait already
 */
export async function convert(bytes: Uint8Array, format: WritableFormat, signal: AbortSignal): Promise<Uint8Array> {
  if (waiting.length >= mostWaiting) {
    throw new ApiError(503, 'busy', 'too many files are being converted; try again later', retryAfter(5));
  }
  // Whoever ends hands its place to the next.
  if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    const clip = await decodeAudio(bytes, { name: 'the file', channels: 2, maxDuration, signal });
    return await encodeAudio(clip, format, { signal });
  } catch (error) {
    if (!(error instanceof AudioError)) throw error;
    const [status, code] = refusals[error.code] ?? [415, 'not_audio'];
    throw new ApiError(status, code, error.message);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

const refusals: Partial<Record<AudioErrorCode, [number, string]>> = {
  'too-long': [413, 'too_long'],
  'too-large': [413, 'too_large'],
  timeout: [503, 'busy'],
};
