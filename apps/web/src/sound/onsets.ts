import FFT from 'fft.js';

const size = 1024;
const hop = 441;

/** How much louder a sound becomes from frame to frame, over all pitches (spectral flux of the log spectrum). */
export function onsetEnvelope(mono: Float32Array, sampleRate: number): { envelope: Float32Array; rate: number } {
  const fft = new FFT(size);
  const spectrum = new Float64Array(2 * size);
  const frame = new Float64Array(2 * size);
  const window = Float32Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
  const frames = Math.max(1, Math.floor(mono.length / hop));
  const envelope = new Float32Array(frames);
  const before = new Float32Array(size / 2);
  for (let t = 0; t < frames; t++) {
    const start = t * hop - size / 2;
    for (let i = 0; i < size; i++) frame[2 * i] = (mono[start + i] ?? 0) * window[i]!;
    fft.transform(spectrum, frame);
    let flux = 0;
    for (let bin = 1; bin < size / 2; bin++) {
      const level = Math.log1p(100 * Math.hypot(spectrum[2 * bin]!, spectrum[2 * bin + 1]!));
      if (t > 0) flux += Math.max(0, level - before[bin]!);
      before[bin] = level;
    }
    envelope[t] = flux;
  }
  return { envelope: withoutFloor(envelope), rate: sampleRate / hop };
}

/** What stands out of the mean of its surroundings: a steady hiss has no onsets. */
function withoutFloor(envelope: Float32Array): Float32Array {
  const reach = 20;
  return envelope.map((value, t) => {
    const part = envelope.subarray(Math.max(0, t - reach), t + reach + 1);
    return Math.max(0, value - part.reduce((sum, each) => sum + each, 0) / part.length);
  });
}
