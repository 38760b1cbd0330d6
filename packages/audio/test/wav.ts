import type { AudioClip } from '@retone/audio';

export type SampleKind = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64';

interface Header {
  /** WAVE_FORMAT_EXTENSIBLE with this speaker mask. */
  speakers?: number;
  /** Bytes of samples that the header claims, if not the truth. */
  claimedBytes?: number;
}

const layouts: Record<SampleKind, [bytes: number, write: (buffer: Buffer, sample: number, at: number) => void]> = {
  u8: [1, (buffer, sample, at) => buffer.writeUInt8(toInteger(sample, 8) + 128, at)],
  s16: [2, (buffer, sample, at) => buffer.writeInt16LE(toInteger(sample, 16), at)],
  s24: [3, (buffer, sample, at) => buffer.writeIntLE(toInteger(sample, 24), at, 3)],
  s32: [4, (buffer, sample, at) => buffer.writeInt32LE(toInteger(sample, 32), at)],
  f32: [4, (buffer, sample, at) => buffer.writeFloatLE(sample, at)],
  f64: [8, (buffer, sample, at) => buffer.writeDoubleLE(sample, at)],
};

/** A WAV file, written without the library under test. */
export function wav(clip: AudioClip, kind: SampleKind, header: Header = {}): Buffer {
  const [bytes, write] = layouts[kind];
  const channels = clip.channels.length;
  const length = clip.channels[0]?.length ?? 0;
  const data = Buffer.alloc(length * channels * bytes);
  clip.channels.forEach((samples, channel) => {
    samples.forEach((sample, i) => {
      write(data, sample, (i * channels + channel) * bytes);
    });
  });

  const format = kind.startsWith('f') ? 3 : 1;
  const extension = header.speakers === undefined ? Buffer.alloc(0) : Buffer.alloc(24);
  if (header.speakers !== undefined) {
    extension.writeUInt16LE(22, 0);
    extension.writeUInt16LE(bytes * 8, 2);
    extension.writeUInt32LE(header.speakers, 4);
    extension.writeUInt16LE(format, 8);
    Buffer.from('000000001000800000aa00389b71', 'hex').copy(extension, 10);
  }
  const fmt = Buffer.alloc(24);
  fmt.write('fmt ');
  fmt.writeUInt32LE(16 + extension.length, 4);
  fmt.writeUInt16LE(extension.length > 0 ? 0xfffe : format, 8);
  fmt.writeUInt16LE(channels, 10);
  fmt.writeUInt32LE(clip.sampleRate, 12);
  fmt.writeUInt32LE(clip.sampleRate * channels * bytes, 16);
  fmt.writeUInt16LE(channels * bytes, 20);
  fmt.writeUInt16LE(bytes * 8, 22);
  const claimed = header.claimedBytes ?? data.length;
  const riff = Buffer.alloc(12);
  riff.write('RIFF');
  riff.writeUInt32LE(4 + fmt.length + extension.length + 8 + claimed, 4);
  riff.write('WAVE', 8);
  const dataHeader = Buffer.alloc(8);
  dataHeader.write('data');
  dataHeader.writeUInt32LE(claimed, 4);
  return Buffer.concat([riff, fmt, extension, dataHeader, data]);
}

function toInteger(sample: number, bits: number): number {
  const scale = 2 ** (bits - 1);
  return Math.max(-scale, Math.min(scale - 1, Math.round(sample * scale)));
}
