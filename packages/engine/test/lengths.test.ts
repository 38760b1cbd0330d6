import { expect, test } from 'vitest';
import { workingLengths } from '../src/lengths.ts';

const small = { sampleRate: 44100, downsamplingRatio: 4096, alignment: 2, maxSamples: 5292032, paddingSeconds: 6 };

test('seconds are truncated to samples as IEEE doubles', () => {
  expect(workingLengths(0.7, small).outputSamples).toBe(30869);
});

test('frames cover duration and padding, in multiples of the alignment', () => {
  expect(workingLengths(30, small)).toEqual({
    outputSamples: 1323000,
    outputFrames: 323,
    frames: 388,
    validFrames: 387,
  });
});

test('frames end where the model does', () => {
  const { frames, validFrames } = workingLengths(120, small);
  expect(frames).toBe(5292032 / 4096);
  expect(validFrames).toBe(frames);
});
