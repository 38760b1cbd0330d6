import { expect, test } from 'vitest';
import { OverlapAdd, pairSpectra, Stft } from '../src/pretransforms/stft.ts';
import { magnitudes } from './magnitudes.ts';

const sine = (frequency: number, length: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / 44100));

test.each([7, 8])('overlap-add undoes the transform (%i frames)', (frames) => {
  const stft = new Stft(2048, 512);
  const signals = [
    sine(1234.5, frames * 512),
    sine(777, frames * 512).map((value, i) => value + 0.3 * Math.cos(0.7 * i)),
  ];
  const [back, pair] = [new OverlapAdd(stft, frames), pairSpectra(stft.bins)];
  for (let frame = 0; frame < frames; frame++) {
    stft.forwardPair(signals[0]!, signals[1]!, frame, pair);
    back.add(pair, frame);
  }
  const data = new Float32Array(2 * frames * 512);
  back.addTo(data);
  for (const [i, value] of signals.flatMap((signal) => [...signal]).entries()) expect(data[i]!).toBeCloseTo(value, 5);
});

test('a sine of amplitude 1 has magnitude 1 at its bin', () => {
  const stft = new Stft(2048, 512);
  const { values } = magnitudes(stft, sine((44100 * 50) / 2048, 16 * 512));
  expect(values[8 * stft.bins + 50]!).toBeCloseTo(1, 4);
});
