import { expect, test } from 'vitest';
import { Stft } from '../src/pretransforms/stft.ts';

const sine = (frequency: number, length: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / 44100));

test.each([7 * 512, 8 * 512])('inverse undoes forward (%i samples)', (length) => {
  const stft = new Stft(2048, 512);
  const signal = sine(1234.5, length).map((value, i) => value + 0.3 * Math.cos(0.7 * i));
  const back = stft.inverse(stft.forward(signal));
  for (const [i, value] of signal.entries()) expect(back[i]!).toBeCloseTo(value, 5);
});

test('a sine of amplitude 1 has magnitude 1 at its bin', () => {
  const stft = new Stft(2048, 512);
  const { real, imaginary } = stft.forward(sine((44100 * 50) / 2048, 16 * 512));
  const at = 8 * stft.bins + 50;
  expect(Math.hypot(real[at]!, imaginary[at]!)).toBeCloseTo(1, 4);
});
