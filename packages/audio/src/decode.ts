import { runJob } from './codec-process.ts';
import { AudioError } from './errors.ts';
import type { DecodeJob } from './jobs.ts';
import {
  checkedLimits,
  checkNumber,
  defaultMaxBytes,
  defaultMaxDuration,
  defaultMaxMemory,
  type Limits,
} from './limits.ts';
import { join, type Piece } from './piece.ts';
import { sourceOf } from './source.ts';
import type { Decoded } from './worker/decode.ts';

/** Sound in memory. */
export interface AudioClip {
  /** Hz. */
  sampleRate: number;
  /**
   * One array of samples for each channel (left, right), all of one length. Full scale is [-1, 1]; lossy and
   * floating-point files can exceed that. Always finite.
   */
  channels: Float32Array[];
}

export interface DecodeOptions extends Limits {
  /** The input's name in messages, if it is bytes. */
  name?: string | undefined;
  /** Resample to this rate, 1,000 to 768,000 Hz; the file's own if not given. */
  sampleRate?: number | undefined;
  /** Mono is copied to both, stereo to mono is the mean; all the file's channels if not given. */
  channels?: 1 | 2 | undefined;
  /**
   * Treatment of more than two channels if `channels` is given. `downmix` (the default) mixes all into stereo as
   * ITU-R BS.775 says (centre and surround at -3 dB, scaled so as not to clip); `first-two` keeps the first two, as the
   * reference does, and so does either for channels that nobody has named or that are more than 16.
   */
  mix?: 'first-two' | 'downmix' | undefined;
  /** Seconds of sound that are wanted, from the start: nothing behind them is decoded, or counts against the limits. */
  seconds?: number | undefined;
  /** Called with a sentence about what could not be decoded and is silence now. */
  onWarning?: ((warning: string) => void) | undefined;
  /** Longest sound, seconds; 1,800 if not given. Refused from the header where it says. */
  maxDuration?: number | undefined;
  /** Largest file, bytes; 4 GiB if not given. */
  maxBytes?: number | undefined;
  /** Most decoded samples, bytes (4 for each sample of each channel); 2 GiB if not given. */
  maxMemory?: number | undefined;
}

/**
 * Decodes a sound file (the formats in `audioFormats`) in a separate process.
 *
 * @param input a path, or the file's bytes
 * @throws AudioError `not-found`, `not-a-file`, `unreadable`, `empty`, `not-audio`, `no-audio` (pictures only),
 *   `damaged` (most of it cannot be decoded), `unsupported`, `too-long`, `too-large`, `timeout`, `crashed`,
 *   `killed` (from outside), `aborted` or `invalid` (an option)
 */
export async function decodeAudio(input: string | Uint8Array, options: DecodeOptions = {}): Promise<AudioClip> {
  const source = sourceOf(input, options.name);
  const job: DecodeJob = {
    kind: 'decode',
    source,
    sampleRate: options.sampleRate,
    channels: options.channels,
    mix: options.mix ?? 'downmix',
    seconds: options.seconds,
    maxDuration: options.maxDuration ?? defaultMaxDuration,
    maxBytes: options.maxBytes ?? defaultMaxBytes,
    maxMemory: options.maxMemory ?? defaultMaxMemory,
  };
  if (job.sampleRate !== undefined) checkNumber('sampleRate', job.sampleRate, 1000, 768_000);
  if (![undefined, 1, 2].includes(job.channels)) {
    throw new AudioError('invalid', `channels must be 1 or 2 (got ${job.channels})`);
  }
  checkNumber('maxDuration', job.maxDuration, 0);
  if (job.seconds !== undefined) checkNumber('seconds', job.seconds, 0);
  const pieces: Piece[] = [];
  const decoded = await runJob<Decoded>(job, source.name, checkedLimits(options), (piece) => pieces.push(piece));
  for (const warning of decoded.warnings) options.onWarning?.(warning);
  return { sampleRate: decoded.sampleRate, channels: join(pieces, decoded.channels) };
}
