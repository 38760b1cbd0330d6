import { pairSpectra, type Stft } from '../src/pretransforms/stft.ts';

/** Magnitudes [frames, bins] of a signal; what is left over at its end is ignored. */
export function magnitudes(stft: Stft, signal: Float32Array): { frames: number; values: Float32Array } {
  const { bins, hop } = stft;
  const frames = Math.floor(signal.length / hop);
  const whole = signal.slice(0, frames * hop);
  const values = new Float32Array(frames * bins);
  const pair = pairSpectra(bins);
  for (let frame = 0; frame < frames; frame++) {
    stft.forwardPair(whole, whole, frame, pair);
    for (let bin = 0; bin < bins; bin++)
      values[frame * bins + bin] = Math.hypot(pair.firstReal[bin]!, pair.firstImaginary[bin]!);
  }
  return { frames, values };
}
