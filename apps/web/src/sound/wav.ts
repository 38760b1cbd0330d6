/** Bits of a sample: 32 is floating point, which keeps samples as they are. */
export type BitDepth = 16 | 24 | 32;

/** A WAV file of the channels. Integer samples are rounded, and clipped at full scale. */
export function wavFile(channels: readonly Float32Array[], sampleRate: number, depth: BitDepth = 32): ArrayBuffer {
  const count = channels.length;
  const sampleBytes = depth / 8;
  const bytes = (channels[0]?.length ?? 0) * count * sampleBytes;
  const file = new ArrayBuffer(44 + bytes);
  const view = new DataView(file);
  const text = (at: number, word: string) => {
    for (let i = 0; i < word.length; i++) view.setUint8(at + i, word.charCodeAt(i));
  };
  text(0, 'RIFF');
  view.setUint32(4, 36 + bytes, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, depth === 32 ? 3 : 1, true);
  view.setUint16(22, count, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * count * sampleBytes, true);
  view.setUint16(32, count * sampleBytes, true);
  view.setUint16(34, depth, true);
  text(36, 'data');
  view.setUint32(40, bytes, true);
  channels.forEach((channel, c) => {
    for (let i = 0; i < channel.length; i++) {
      writeSample(view, 44 + (i * count + c) * sampleBytes, channel[i]!, depth);
    }
  });
  return file;
}

function writeSample(view: DataView, at: number, sample: number, depth: BitDepth): void {
  const scale = 2 ** (depth - 1);
  const value = Math.max(-scale, Math.min(Math.round(sample * scale), scale - 1));
  if (depth === 32) view.setFloat32(at, sample, true);
  else if (depth === 16) view.setInt16(at, value, true);
  else {
    view.setUint16(at, value & 0xffff, true);
    view.setInt8(at + 2, value >> 16);
  }
}
