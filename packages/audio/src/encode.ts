import { inWords, isWritableFormat, type WritableFormat, writableFormats } from '@retone/contract/formats';
import { runJob } from './codec-process.ts';
import type { AudioClip } from './decode.ts';
import { AudioError } from './errors.ts';
import { checkedLimits, checkNumber, type Limits } from './limits.ts';
import { lengthOf } from './piece.ts';

export interface EncodeOptions extends Limits {
  /**
   * Bits per second of a lossy format, all channels together, 8,000 to 512,000. If not given, for mono and stereo: mp3
   * 256,000, m4a and aac 192,000, opus 160,000, ogg quality 6 (about 192,000). Codecs take the nearest rate they have.
   */
  bitrate?: number | undefined;
  /** Bits per sample of wav and flac: 16 if not given; 32 is floating point and for wav only. */
  bitDepth?: 16 | 24 | 32 | undefined;
  /** Tags of the file, such as `title` and `comment`; aac has no place for it. */
  tags?: Record<string, string> | undefined;
}

/**
 * Encodes sound as a file in a separate process. The same clip and options give the same bytes.
 *
 * A sample rate that the format does not have is resampled to the next higher one that it has (opus: 48 kHz). NaN
 * becomes silence; what is beyond full scale is clipped, except in 32-bit wav. Of 16 bits, samples that these hold exactly
 * are kept; all others are dithered (triangular, of two steps), always with the same noise.
 *
 * @throws AudioError `invalid` (clip or options), `timeout`, `crashed`, `killed` (from outside) or `aborted`
 */
export async function encodeAudio(
  clip: AudioClip,
  format: WritableFormat,
  options: EncodeOptions = {},
): Promise<Uint8Array> {
  if (!isWritableFormat(format)) {
    throw new AudioError('invalid', `the format to write must be ${inWords(writableFormats)} (got ${String(format)})`);
  }
  const { bitrate, bitDepth = 16, tags = {} } = options;
  const { sampleRate, channels } = clip;
  checkNumber('sampleRate', sampleRate, 1000, 768_000);
  checkNumber('the number of channels', channels.length, 1, format === 'mp3' ? 2 : 8);
  if (bitrate !== undefined) checkNumber('bitrate', bitrate, 8000, 512_000);
  if (![16, 24, 32].includes(bitDepth) || (bitDepth === 32 && format === 'flac')) {
    throw new AudioError('invalid', `bitDepth must be 16, 24 or, for wav, 32 (got ${bitDepth})`);
  }
  const length = lengthOf(channels);
  if (length === 0 || channels.some((channel) => channel.length !== length)) {
    throw new AudioError('invalid', 'the sound to write must not be empty, and its channels must have one length');
  }
  const job = { kind: 'encode', format, sampleRate, channels, bitrate, bitDepth, tags } as const;
  return runJob(job, `The ${format} file`, checkedLimits(options));
}
