import { AudioError, decodeAudio, encodeAudio } from '@retone/audio';
import { type WritableFormat, writableFormats } from '@retone/contract';
import { describe, expect, test } from 'vitest';
import { likeness, sweeps } from './signals.ts';

/** Encoded and decoded again at the clip's rate. */
async function roundTrip(clip: ReturnType<typeof sweeps>, format: WritableFormat) {
  const decoded = await decodeAudio(await encodeAudio(clip, format), { sampleRate: clip.sampleRate });
  // ADTS has no place for the encoder's delay: 1024 samples at the rate that it was coded at.
  const lag = format === 'aac' ? 1024 * Math.max(1, clip.sampleRate / 96000) : 0;
  return { decoded, lag };
}

describe.each(writableFormats)('%s', (format) => {
  test.each([
    [44100, 2],
    [48000, 1],
    [8000, 2],
    [192000, 2],
  ])('at %i Hz, %i channels, comes back', async (sampleRate, channels) => {
    const clip = sweeps(sampleRate, channels, 0.5);
    const { decoded, lag } = await roundTrip(clip, format);
    expect(decoded.channels.length).toBe(channels);
    if (format !== 'aac') expect(decoded.channels[0]!.length).toBe(clip.channels[0]!.length);
    decoded.channels.forEach((channel, i) => {
      expect(likeness(channel, clip.channels[i]!, lag)).toBeGreaterThan(0.995);
    });
  });

  test('gives the same bytes for the same sound', async () => {
    const clip = sweeps(44100, 2, 0.3);
    expect(await encodeAudio(clip, format)).toEqual(await encodeAudio(clip, format));
  });

  test('writes a single sample', async () => {
    const bytes = await encodeAudio({ sampleRate: 44100, channels: [Float32Array.of(0.5)] }, format);
    expect(bytes.length).toBeGreaterThan(0);
  });
});

describe('wav and flac', () => {
  const clip = sweeps(44100, 2, 0.1);

  test.each([
    ['wav', 16],
    ['wav', 24],
    ['flac', 16],
    ['flac', 24],
  ] as const)('%s of %i bits gives back what it gave before, to the bit', async (format, bitDepth) => {
    const once = await decodeAudio(await encodeAudio(clip, format, { bitDepth }));
    const worst = once.channels[0]!.reduce((most, x, i) => Math.max(most, Math.abs(x - clip.channels[0]![i]!)), 0);
    // 16 bits are dithered: by up to a step, and then rounded.
    expect(worst).toBeLessThanOrEqual((bitDepth === 16 ? 1.5 : 1) * 2 ** -(bitDepth - 1));
    const twice = await decodeAudio(await encodeAudio(once, format, { bitDepth }));
    expect(twice).toEqual(once);
  });

  test('wav of 32 bits is exact and can exceed full scale', async () => {
    const loud = { sampleRate: 44100, channels: [Float32Array.of(0.1, -1.5, 3, Number.NaN, Infinity)] };
    const { channels } = await decodeAudio(await encodeAudio(loud, 'wav', { bitDepth: 32 }));
    expect(channels).toEqual([Float32Array.of(0.1, -1.5, 3, 0, 0)]);
  });

  test('what is beyond full scale is clipped', async () => {
    const loud = { sampleRate: 44100, channels: [Float32Array.of(0.5, -1.5, 3, Number.NaN)] };
    const { channels } = await decodeAudio(await encodeAudio(loud, 'wav'));
    expect(channels).toEqual([Float32Array.of(0.5, -1, 1 - 2 ** -15, 0)]);
  });

  test('NaN is silence for its own sample alone, also where the sound is resampled', async () => {
    const samples = sweeps(96000, 1, 0.1).channels[0]!;
    const without = samples.slice();
    samples[5000] = Number.NaN;
    without[5000] = 0;
    const bytes = (channel: Float32Array) => encodeAudio({ sampleRate: 96000, channels: [channel] }, 'opus');
    expect(await bytes(samples)).toEqual(await bytes(without));
  });

  test.each(['wav', 'flac', 'ogg', 'opus', 'm4a'] as const)('%s takes 5.1', async (format) => {
    const surround = sweeps(48000, 6, 0.3);
    const { channels } = await decodeAudio(await encodeAudio(surround, format, { bitrate: 512_000 }));
    expect(channels.length).toBe(6);
    expect(likeness(channels[2]!, surround.channels[2]!)).toBeGreaterThan(0.95);
  });
});

test('the bit rate is the one asked for', async () => {
  const clip = sweeps(44100, 2, 2);
  const small = await encodeAudio(clip, 'mp3', { bitrate: 64_000 });
  const large = await encodeAudio(clip, 'mp3', { bitrate: 320_000 });
  expect(small.length / 2).toBeCloseTo(8000, -3);
  expect(large.length / 2).toBeCloseTo(40000, -4);
});

test.each([
  ['a format that is not ours', () => encodeAudio(sweeps(44100, 1, 0.1), 'wma' as WritableFormat)],
  ['no samples', () => encodeAudio({ sampleRate: 44100, channels: [new Float32Array(0)] }, 'wav')],
  ['no channels', () => encodeAudio({ sampleRate: 44100, channels: [] }, 'wav')],
  [
    'uneven channels',
    () => encodeAudio({ sampleRate: 44100, channels: [new Float32Array(2), new Float32Array(3)] }, 'wav'),
  ],
  ['no sample rate', () => encodeAudio({ sampleRate: 0, channels: [new Float32Array(9)] }, 'wav')],
  ['5.1 as mp3', () => encodeAudio(sweeps(44100, 6, 0.1), 'mp3')],
  ['a bit depth that is none', () => encodeAudio(sweeps(44100, 1, 0.1), 'wav', { bitDepth: 12 as 16 })],
])('%s is refused', async (_, request) => {
  const error = await request().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AudioError);
  expect(error).toMatchObject({ code: 'invalid', message: expect.stringMatching(/^[^\n]+$/) });
});
