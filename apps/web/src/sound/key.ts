import FFT from 'fft.js';

export interface Key {
  /** Such as "A minor". */
  name: string;
  /** How much better it fits than the next best, 0 to 1. */
  confidence: number;
}

const names = ['C', 'C♯', 'D', 'E♭', 'E', 'F', 'F♯', 'G', 'A♭', 'A', 'B♭', 'B'];
// How much each degree belongs to a key: probe-tone ratings of Krumhansl and Kessler (1982).
const major = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];
const minor = [6.33, 2.68, 3.52, 5.38, 2.6, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];
const size = 16_384;
const lowest = 80;
const highest = 2000;
const leastConfidence = 0.02;

/** The key of a sound: the one whose profile correlates best with how much of each pitch class there is. */
export function keyOf(mono: Float32Array, sampleRate: number): Key | undefined {
  const chroma = chromaOf(mono, sampleRate);
  if (!chroma) return undefined;
  const fits = names.flatMap((name, tonic) => [
    { name: `${name} major`, fit: correlation(chroma, major, tonic) },
    { name: `${name} minor`, fit: correlation(chroma, minor, tonic) },
  ]);
  const [best, next] = fits.toSorted((a, b) => b.fit - a.fit) as [(typeof fits)[0], (typeof fits)[0]];
  const confidence = best.fit - next.fit;
  return best.fit > 0.5 && confidence > leastConfidence ? { name: best.name, confidence } : undefined;
}

/** How much there is of each pitch class, from spectral peaks; undefined where no pitch stands out. */
function chromaOf(mono: Float32Array, sampleRate: number): Float64Array | undefined {
  const fft = new FFT(size);
  const spectrum = new Float64Array(2 * size);
  const frame = new Float64Array(2 * size);
  const chroma = new Float64Array(12);
  const [first, last] = [lowest, highest].map((hertz) => Math.round((hertz * size) / sampleRate)) as [number, number];
  let inPeaks = 0;
  let inAll = 0;
  for (let start = 0; start < mono.length; start += size / 2) {
    for (let i = 0; i < size; i++) {
      frame[2 * i] = (mono[start + i] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
    }
    fft.transform(spectrum, frame);
    const power = (bin: number) => spectrum[2 * bin]! ** 2 + spectrum[2 * bin + 1]! ** 2;
    for (let bin = first; bin <= last; bin++) {
      const here = power(bin);
      inAll += here;
      if (here < power(bin - 1) || here < power(bin + 1)) continue;
      const pitch = 69 + 12 * Math.log2((bin * sampleRate) / size / 440);
      chroma[((Math.round(pitch) % 12) + 12) % 12]! += Math.sqrt(here);
      inPeaks += here;
    }
  }
  return inAll > 0 && inPeaks / inAll > 0.1 ? chroma : undefined;
}

function correlation(chroma: Float64Array, profile: number[], tonic: number): number {
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / 12;
  const [of, expected] = [mean(chroma), mean(profile)];
  let [product, a, b] = [0, 0, 0];
  for (let degree = 0; degree < 12; degree++) {
    const x = chroma[(tonic + degree) % 12]! - of;
    const y = profile[degree]! - expected;
    product += x * y;
    a += x * x;
    b += y * y;
  }
  return product / Math.sqrt(a * b || 1);
}
