import { audioFormats, inWords } from '@retone/contract/formats';
import {
  AV_CODEC_ID_AAC,
  AV_DISPOSITION_DEFAULT,
  AV_NOPTS_VALUE,
  AVERROR_EOF,
  AVFMT_FLAG_CUSTOM_IO,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  AVSEEK_CUR,
  AVSEEK_END,
  AVSEEK_FORCE,
  AVSEEK_SIZE,
  type FFDecoderCodec,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, FormatContext, IOContext, type Stream } from 'node-av/lib';
import { AudioError } from '../errors.ts';
import type { Source } from '../jobs.ts';
import { chained } from './chain.ts';
import { fragmentedSpan, type Span } from './fragments.ts';
import { type ByteSource, openSource } from './source.ts';
import { readableWave, type Wave } from './wave.ts';

/** A sound file, ready to be read packet by packet. */
export interface OpenedAudio {
  name: string;
  bytes: ByteSource;
  container: FormatContext;
  stream: Stream;
  decoder: CodecContext;
  /** FFmpeg's names, such as `mp3` and `mp3float`. */
  format: string;
  codec: string;
  /** Seconds as the file's header says, undefined if it does not. */
  duration: number | undefined;
  /** The span of sound in a fragmented MP4; the rest is the encoder's padding. */
  span: Span | undefined;
  /** True where `duration` is only a guess from the bit rate. */
  guessed: boolean;
}

// FFmpeg reads hundreds of formats, among them playlists that open other files. Only what Retone offers is let in.
const demuxers = [
  'wav',
  'w64',
  'aiff',
  'mp3',
  'flac',
  'ogg',
  'mov',
  'matroska',
  'aac',
  'caf',
  'au',
  'amr',
  'asf',
  'avi',
].concat('mpegts', 'mpeg', 'wv', 'tta', 'ac3', 'eac3');
const decoders = [
  ...['u8', 's8', 's16le', 's16be', 's24le', 's24be', 's32le', 's32be', 'f32le', 'f32be', 'f64le', 'f64be'],
  ...['alaw', 'mulaw'],
]
  .map((kind) => `pcm_${kind}`)
  .concat('mp3float', 'mp3', 'mp2float', 'mp2', 'flac', 'vorbis', 'libvorbis', 'opus', 'libopus', 'aac', 'alac')
  .concat('ac3', 'eac3', 'adpcm_ms', 'adpcm_ima_wav', 'adpcm_ima_qt', 'aac_latm', 'amrnb', 'amrwb', 'gsm', 'gsm_ms')
  .concat('wmav1', 'wmav2', 'wmapro', 'wmalossless', 'wavpack', 'tta');

// These carry no exact length (MP3 may; it is not known here), so FFmpeg divides the size by the first bit rate; or a length
// that is often wrong (FLAC's, which a program that was stopped did not set right).
const guessing = ['mp3', 'aac', 'flac', 'mpegts', 'amr'];

/** The bytes of a file, as parts that FFmpeg reads rightly: one, or those of a chained Ogg file. */
export function openParts(source: Source, maxBytes: number): Wave[] {
  const { bytes, bigEndian } = readableWave(openSource(source, maxBytes));
  return chained(bytes).map((part) => ({ bytes: part, bigEndian }));
}

/**
 * Opens a sound track of a file: of those that can be read the first that is marked as default, else the first. Throws an
 * `AudioError` that says why there is none.
 */
export async function openAudio({ bytes, bigEndian }: Wave): Promise<OpenedAudio> {
  const container = new FormatContext();
  container.allocContext();
  container.pb = readFrom(bytes);
  container.flags = (container.flags | AVFMT_FLAG_CUSTOM_IO) as typeof container.flags;
  const options = Dictionary.fromObject({
    format_whitelist: demuxers.join(','),
    codec_whitelist: decoders.join(','),
    protocol_whitelist: 'none',
  });
  if ((await container.openInput('', null, options)) < 0) throw notAudio(bytes);
  await container.findStreamInfo();

  const tracks = container.streams
    .filter(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO)
    .map((stream) => ({ stream, codec: decoderOf(stream, bigEndian) }));
  const readable = tracks.filter(({ codec }) => codec?.name != null && decoders.includes(codec.name));
  const { stream, codec } =
    readable.find((track) => track.stream.hasDisposition(AV_DISPOSITION_DEFAULT)) ?? readable[0] ?? tracks[0] ?? {};
  if (stream === undefined) {
    if (container.findBestStream(AVMEDIA_TYPE_VIDEO) < 0) throw notAudio(bytes);
    throw new AudioError('no-audio', `${bytes.name} has pictures but no sound; give a file with sound in it`);
  }
  if (codec?.name == null || !decoders.includes(codec.name)) {
    const message = `${bytes.name} holds sound of a kind that Retone does not read (${codec?.name ?? 'unknown'})`;
    throw new AudioError('unsupported', `${message}; convert it to ${inWords(audioFormats.map(({ name }) => name))}`);
  }
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  decoder.parametersToContext(stream.codecpar);
  decoder.pktTimebase = stream.timeBase;
  if (decoder.open2Sync(codec) < 0 || stream.codecpar.sampleRate <= 0) throw notAudio(bytes);

  const format = container.iformat?.name ?? '';
  return {
    name: bytes.name,
    bytes,
    container,
    stream,
    decoder,
    format,
    codec: codec.name,
    duration: durationOf(container, stream),
    span: format.includes('mp4') ? spanOf(bytes, stream) : undefined,
    guessed: guessing.includes(format),
  };
}

/** The decoder of a track; of a big-endian wave file that for the same samples with the highest byte first. */
function decoderOf({ codecpar }: Stream, bigEndian: boolean): Codec | null {
  const codec = Codec.findDecoder(codecpar.codecId);
  if (!bigEndian || !codec?.name?.endsWith('le')) return codec;
  const other = Codec.findDecoderByName(codec.name.replace(/le$/, 'be') as FFDecoderCodec);
  if (other) codecpar.codecId = other.id;
  return other;
}

function spanOf(bytes: ByteSource, { id, codecpar }: Stream): Span | undefined {
  const { codecId, frameSize, sampleRate } = codecpar;
  const primed = codecId === AV_CODEC_ID_AAC ? (frameSize || aacFrame) / sampleRate : 0;
  try {
    return fragmentedSpan(bytes, id, primed);
  } catch (error) {
    // Boxes that are too short; FFmpeg makes of them what it can.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Samples of a frame of AAC, with at least which its encoders begin before the sound. */
const aacFrame = 1024;

function durationOf(container: FormatContext, stream: Stream): number | undefined {
  if (stream.duration > 0n) return (Number(stream.duration) * stream.timeBase.num) / stream.timeBase.den;
  if (container.duration > 0n && container.duration !== AV_NOPTS_VALUE) return Number(container.duration) / 1e6;
  return undefined;
}

function readFrom(bytes: ByteSource): IOContext {
  let position = 0;
  const read = (length: number) => {
    const chunk = bytes.read(position, length);
    position += chunk.length;
    return chunk.length > 0 ? chunk : AVERROR_EOF;
  };
  const seek = (offset: bigint, whence: number) => {
    const from = whence & ~AVSEEK_FORCE;
    if (from === AVSEEK_SIZE) return BigInt(bytes.size);
    const base = from === AVSEEK_END ? bytes.size : from === AVSEEK_CUR ? position : 0;
    position = base + Number(offset);
    return BigInt(position);
  };
  const io = new IOContext();
  io.allocContextWithCallbacks(64 * 1024, 0, read, null, seek);
  return io;
}

function notAudio(bytes: ByteSource): AudioError {
  const what = looksLike(bytes);
  if (what === damaged) return new AudioError('damaged', `${bytes.name} ${damaged}; give an intact copy`);
  const reason = `${bytes.name} is not an audio file Retone can read (it ${what})`;
  return new AudioError('not-audio', `${reason}; give a ${inWords(audioFormats.map(({ name }) => name))} file`);
}

/** Of files that begin as those that Retone reads. */
const damaged = 'is cut off or damaged';

// Tested in this order on the first bytes, one character for each byte.
const signatures: [start: RegExp, what: string][] = [
  [/^%PDF/, 'is a PDF document'],
  [/^.PNG|^\xff\xd8\xff|^GIF8/, 'is a picture'],
  [/^PK/, 'is a zip archive'],
  [/^MThd/, 'is a MIDI file, which holds notes and no sound'],
  [/^MAC /, "is a file of Monkey's Audio"],
  [/^MPCK|^MP\+/, 'is a Musepack file'],
  [/^.\xfe\x80./s, 'is a DTS file'],
  [/^....\xf8\x72\x6f[\xba\xbb]/s, 'is a Dolby TrueHD or MLP file'],
  [/^DSD |^FRM8/, 'is a DSD file'],
  [/^\.RMF|^\.ra\xfd/, 'is a RealAudio file'],
  [/^Creative Voice File/, 'is a VOC file'],
  [/^caff|^\.snd|^#!AMR|^0&\xb2u|^RIFF....AVI |^wvpk|^TTA/s, damaged],
  [/^RIFF....WAVE|^FORM....AIFF|^....ftyp/s, damaged],
  [/^ID3|^\xff[\xe2-\xfb]|^fLaC|^OggS|^.E\xdf\xa3/s, damaged],
  [/^[\t\n\r\x20-\x7e\x80-\xff]+$/, 'looks like text'],
];

function looksLike(bytes: ByteSource): string {
  const start = bytes.read(0, 512).toString('latin1');
  if (bytes.size < 32) return `has only ${bytes.size} bytes`;
  return signatures.find(([pattern]) => pattern.test(start))?.[1] ?? 'holds something else or is damaged';
}
