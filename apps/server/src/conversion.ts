import { AudioError, type AudioErrorCode, decodeAudio, encodeAudio } from '@retone/audio';
import { type BitDepth, bitDepthOf, type ErrorCode, type WritableFormat } from '@retone/contract';
import { ApiError, retryAfter } from './envelope.ts';

/** Conversions that run at once; each has a whole recording in memory, and a processor. */
const atOnce = 2;
/** How many more may wait for their turn. */
const mostWaiting = 16;
/** Longest recording that is converted, in seconds. */
const maxDuration = 15 * 60;

/** Of these, for files of one account. */
const mostOfAccount = 4;

let running = 0;
const waiting: { accountId: string; go: () => void }[] = [];

/** The form in which a file is wanted. */
export interface Wanted {
  format: WritableFormat;
  bitDepth?: BitDepth | undefined;
  /** Tags of the file. */
  tags?: Record<string, string> | undefined;
}

/**
 * Converts a sound file to another format, in separate processes.
 *
 * @param accountId whose file it is: one account's do not keep all others waiting
 * @throws ApiError when the file is not a sound file or too long, or when too many wait already
 */
export async function convert(
  bytes: Uint8Array,
  { format, bitDepth, tags }: Wanted,
  accountId: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const own = waiting.filter((each) => each.accountId === accountId).length;
  if (waiting.length >= mostWaiting || own >= mostOfAccount) {
    throw new ApiError('busy', 'too many files are being converted; try again later', retryAfter(5));
  }
  // A finished conversion hands its place to the next one.
  if (running >= atOnce) await new Promise<void>((go) => waiting.push({ accountId, go }));
  else running++;
  try {
    signal.throwIfAborted();
    const clip = await decodeAudio(bytes, { name: 'the file', channels: 2, maxDuration, signal });
    return await encodeAudio(clip, format, {
      signal,
      tags,
      ...(bitDepth && { bitDepth: bitDepthOf(format, bitDepth) }),
    });
  } catch (error) {
    if (signal.aborted) throw new ApiError('busy', 'the client did not wait');
    if (!(error instanceof AudioError)) throw error;
    throw new ApiError(refusals[error.code] ?? 'not_audio', error.message);
  } finally {
    const next = waiting.shift();
    if (next) next.go();
    else running--;
  }
}

const refusals: Partial<Record<AudioErrorCode, ErrorCode>> = {
  'too-long': 'too_long',
  'too-large': 'too_large',
  timeout: 'busy',
};
