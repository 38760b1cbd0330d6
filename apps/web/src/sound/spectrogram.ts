import FFT from 'fft.js';

/** Samples that one column looks at. */
const size = 2048;
const lowest = 40;
const highest = 18_000;
/** What is so many dB below a full-scale tone is drawn as silence. */
const floor = -90;

/** A spectrogram of mono sound as levels from 0 (silence) to 255 (full scale): rows from high to low pitch, mel-spaced. */
export function spectrogram(mono: Float32Array, sampleRate: number, width: number, height: number): Uint8Array {
  const fft = new FFT(size);
  // Real and imaginary parts in turn.
  const spectrum = new Float64Array(2 * size);
  const frame = new Float64Array(2 * size);
  const window = Float32Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
  const bins = rowBins(sampleRate, height);
  const image = new Uint8Array(width * height);
  for (let x = 0; x < width; x++) {
    const start = Math.round(((x + 0.5) / width) * mono.length - size / 2);
    for (let i = 0; i < size; i++) frame[2 * i] = (mono[start + i] ?? 0) * window[i]!;
    fft.transform(spectrum, frame);
    for (let y = 0; y < height; y++) {
      const [first, last] = bins[y]!;
      let power = 0;
      for (let bin = first; bin <= last; bin++)
        power = Math.max(power, spectrum[2 * bin]! ** 2 + spectrum[2 * bin + 1]! ** 2);
      // A full-scale sine has the magnitude size / 4 under this window.
      const decibels = 10 * Math.log10(power / (size / 4) ** 2 + 1e-12);
      image[y * width + x] = Math.max(0, Math.min(255, (1 - decibels / floor) * 255));
    }
  }
  return image;
}

const mel = (hertz: number) => 2595 * Math.log10(1 + hertz / 700);

/** How high a pitch lies in a spectrogram: 0 at its foot, 1 at its top. */
export function pitchShare(hertz: number): number {
  return (mel(hertz) - mel(lowest)) / (mel(highest) - mel(lowest));
}

/** The first and last bin of the transform that each row shows. */
function rowBins(sampleRate: number, height: number): [number, number][] {
  const hertz = (mels: number) => 700 * (10 ** (mels / 2595) - 1);
  const [low, high] = [mel(lowest), mel(Math.min(highest, sampleRate / 2))];
  const bin = (row: number) => (hertz(low + ((high - low) * (height - row)) / height) * size) / sampleRate;
  return Array.from({ length: height }, (_, y) => {
    const first = Math.max(1, Math.floor(bin(y + 1)));
    return [first, Math.max(first, Math.ceil(bin(y)) - 1)];
  });
}
