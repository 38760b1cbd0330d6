/** A WAV file of 32-bit floating-point samples, which keeps them as they are. */
export function wavFile(channels: readonly Float32Array[], sampleRate: number): ArrayBuffer {
  const count = channels.length;
  const bytes = (channels[0]?.length ?? 0) * count * 4;
  const file = new ArrayBuffer(44 + bytes);
  const view = new DataView(file);
  const text = (at: number, word: string) => {
    for (let i = 0; i < word.length; i++) view.setUint8(at + i, word.charCodeAt(i));
  };
  text(0, 'RIFF');
  view.setUint32(4, 36 + bytes, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 3, true);
  view.setUint16(22, count, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * count * 4, true);
  view.setUint16(32, count * 4, true);
  view.setUint16(34, 32, true);
  text(36, 'data');
  view.setUint32(40, bytes, true);
  const samples = new Float32Array(file, 44);
  channels.forEach((channel, c) => {
    for (let i = 0; i < channel.length; i++) samples[i * count + c] = channel[i]!;
  });
  return file;
}
