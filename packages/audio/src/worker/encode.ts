import {
  AV_CODEC_FLAG_BITEXACT,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_CODEC_FLAG_QSCALE,
  AV_SAMPLE_FMT_FLT,
  AV_SAMPLE_FMT_FLTP,
  AV_SAMPLE_FMT_S16,
  AV_SAMPLE_FMT_S32,
  AVFMT_FLAG_BITEXACT,
  AVFMT_FLAG_CUSTOM_IO,
  AVFMT_GLOBALHEADER,
  type AVSampleFormat,
  type FFEncoderCodec,
} from 'node-av/constants';
import {
  avChannelLayoutDefault,
  Codec,
  CodecContext,
  Dictionary,
  FormatContext,
  Frame,
  Packet,
  Rational,
  SoftwareResampleContext,
  type Stream,
} from 'node-av/lib';
import type { EncodeJob } from '../jobs.ts';
import { asBuffers, join, lengthOf, type Piece, silenceNonFinite, slice } from '../piece.ts';
import { dither } from './dither.ts';
import { MemoryFile } from './memory-file.ts';
import { Resampler } from './resample.ts';

interface Recipe {
  muxer: string;
  codec: FFEncoderCodec;
  samples: AVSampleFormat;
  /** Bits per second for each two channels, when the caller does not say. */
  bitrate?: number;
}

function recipeFor({ format, bitDepth }: EncodeJob): Recipe {
  switch (format) {
    case 'wav':
      if (bitDepth === 32) return { muxer: 'wav', codec: 'pcm_f32le' as FFEncoderCodec, samples: AV_SAMPLE_FMT_FLT };
      if (bitDepth === 24) return { muxer: 'wav', codec: 'pcm_s24le' as FFEncoderCodec, samples: AV_SAMPLE_FMT_S32 };
      return { muxer: 'wav', codec: 'pcm_s16le' as FFEncoderCodec, samples: AV_SAMPLE_FMT_S16 };
    case 'flac': {
      const samples = bitDepth === 16 ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_S32;
      return { muxer: 'flac', codec: 'flac' as FFEncoderCodec, samples };
    }
    case 'mp3':
      return { muxer: 'mp3', codec: 'libmp3lame' as FFEncoderCodec, samples: AV_SAMPLE_FMT_FLTP, bitrate: 256_000 };
    case 'ogg':
      return { muxer: 'ogg', codec: 'libvorbis' as FFEncoderCodec, samples: AV_SAMPLE_FMT_FLTP };
    case 'opus':
      return { muxer: 'opus', codec: 'libopus' as FFEncoderCodec, samples: AV_SAMPLE_FMT_FLT, bitrate: 160_000 };
    case 'm4a':
      return { muxer: 'ipod', codec: 'aac' as FFEncoderCodec, samples: AV_SAMPLE_FMT_FLTP, bitrate: 192_000 };
    case 'aac':
      return { muxer: 'adts', codec: 'aac' as FFEncoderCodec, samples: AV_SAMPLE_FMT_FLTP, bitrate: 192_000 };
  }
}

/** Writes a whole sound as one file in memory. The same input gives the same bytes. */
export async function encode(job: EncodeJob): Promise<Uint8Array> {
  const recipe = recipeFor(job);
  const codec = Codec.findEncoderByName(recipe.codec);
  if (codec === null) throw new Error(`no encoder ${recipe.codec}`);
  const sampleRate = nearestRate(job.sampleRate, codec.supportedSamplerates);
  for (const channel of job.channels) silenceNonFinite(channel);
  const sound = resample(job.channels, job.sampleRate, sampleRate);
  if (recipe.codec !== 'pcm_f32le') sound.forEach(clip);
  if (recipe.samples === AV_SAMPLE_FMT_S16) dither(sound);

  const file = new MemoryFile();
  const container = new FormatContext();
  check(container.allocOutputContext2(null, recipe.muxer, null), 'the file format');
  container.pb = file.io;
  // Bit-exact: no version strings, no creation time, and Ogg's stream number counts from 0 instead of being random.
  container.flags = (container.flags | AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT) as typeof container.flags;

  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  encoder.sampleFormat = recipe.samples;
  encoder.sampleRate = sampleRate;
  encoder.channelLayout = avChannelLayoutDefault(sound.length);
  encoder.timeBase = new Rational(1, sampleRate);
  encoder.setFlags(AV_CODEC_FLAG_BITEXACT);
  if (container.oformat?.hasFlags(AVFMT_GLOBALHEADER)) encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  if (job.format === 'flac' && job.bitDepth !== 16) encoder.bitsPerRawSample = 24;
  const bitrate = job.bitrate ?? (recipe.bitrate && recipe.bitrate * Math.ceil(sound.length / 2));
  if (bitrate !== undefined) encoder.bitRate = BigInt(Math.round(bitrate));
  // Vorbis is made for constant quality; asked for a bit rate, it refuses many combinations with low sample rates.
  else if (job.format === 'ogg') setQuality(encoder, 6);
  check(encoder.open2Sync(codec), `${job.channels.length} channels at ${sampleRate} Hz`);

  const stream = container.newStream(codec);
  check(stream.codecpar.fromContext(encoder), 'the stream');
  stream.timeBase = encoder.timeBase;
  const tags = Object.keys(job.tags).length > 0 ? Dictionary.fromObject(job.tags) : null;
  container.metadata = tags;
  // Ogg has its tags in the stream.
  if (tags && (job.format === 'ogg' || job.format === 'opus')) stream.metadata = tags;
  // Several pages even in a short file: FFmpeg misreads the length of an Ogg Vorbis file that is all one page.
  const options = job.format === 'ogg' ? Dictionary.fromObject({ page_duration: 100_000 }) : null;
  check(await container.writeHeader(options), 'the header');
  for await (const frame of frames(sound, sampleRate, recipe.samples, encoder.frameSize || 65536)) {
    check(encoder.sendFrameSync(frame), 'the sound');
    await writePackets(encoder, container, stream);
  }
  check(await container.writeTrailer(), 'the end of the file');
  await container.flush();
  return file.bytes;
}

function* frames(
  sound: Piece,
  sampleRate: number,
  samples: AVSampleFormat,
  frameSize: number,
): Generator<Frame | null> {
  const layout = avChannelLayoutDefault(sound.length);
  const converter = new SoftwareResampleContext();
  converter.allocSetOpts2(layout, samples, sampleRate, layout, AV_SAMPLE_FMT_FLTP, sampleRate);
  check(converter.init(), 'the samples');
  const length = lengthOf(sound);
  for (let at = 0; at < length; at += frameSize) {
    const piece = slice(sound, at, Math.min(at + frameSize, length));
    const frame = new Frame();
    frame.alloc();
    frame.format = samples;
    frame.sampleRate = sampleRate;
    frame.channelLayout = layout;
    frame.nbSamples = lengthOf(piece);
    check(frame.getBuffer(0), 'a frame');
    check(converter.convertSync(frame.extendedData, frame.nbSamples, asBuffers(piece), frame.nbSamples), 'a frame');
    frame.pts = BigInt(at);
    yield frame;
    frame.free();
  }
  yield null;
}

async function writePackets(encoder: CodecContext, container: FormatContext, stream: Stream): Promise<void> {
  const packet = new Packet();
  packet.alloc();
  while (encoder.receivePacketSync(packet) >= 0) {
    packet.streamIndex = stream.index;
    packet.rescaleTs(encoder.timeBase, stream.timeBase);
    check(await container.interleavedWriteFrame(packet), 'the sound');
  }
  packet.free();
}

function resample(sound: Piece, inRate: number, outRate: number): Piece {
  if (inRate === outRate) return sound;
  const resampler = new Resampler(sound.length, inRate, outRate);
  return join([resampler.push(sound), resampler.end()], sound.length);
}

/** The rate itself if the codec has it, else the next higher one, else the highest. */
function nearestRate(rate: number, supported: number[] | null): number {
  if (supported === null || supported.includes(rate)) return rate;
  const sorted = supported.toSorted((a, b) => a - b);
  return sorted.find((candidate) => candidate > rate) ?? sorted.at(-1) ?? rate;
}

// Samples over full scale are clipped here, where every codec does the same.
function clip(samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) samples[i] = Math.max(-1, Math.min(1, samples[i]!));
}

function setQuality(encoder: CodecContext, quality: number): void {
  const lambda = 118; // FF_QP2LAMBDA: FFmpeg keeps qualities in these units
  encoder.setFlags(AV_CODEC_FLAG_QSCALE);
  encoder.globalQuality = quality * lambda;
}

function check(code: number, what: string): void {
  if (code < 0) throw new Error(`${what} cannot be written (${code})`);
}
