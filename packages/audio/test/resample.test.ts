import { decodeAudio } from '@retone/audio';
import { describe, expect, test } from 'vitest';
import { level, signalToNoise, tone } from './signals.ts';
import { wav } from './wav.ts';

const seconds = 1;
// Away from the ends, where the tone starts and stops.
const edge = 0.1;

async function resampled(frequency: number, from: number, to: number): Promise<Float32Array> {
  const bytes = wav({ sampleRate: from, channels: [tone(frequency, 0.5, from, from * seconds)] }, 'f32');
  return (await decodeAudio(bytes, { sampleRate: to })).channels[0]!;
}

describe('resampling', () => {
  test.each([
    [48000, 44100],
    [44100, 48000],
    [8000, 44100],
    [22050, 44100],
    [96000, 44100],
    [192000, 44100],
    [22254, 44100],
    [44100, 8000],
  ])('%i to %i Hz keeps a tone of 1 kHz, its phase and the length', async (from, to) => {
    const heard = await resampled(1000, from, to);
    expect(heard.length).toBe(to * seconds);
    const reference = tone(1000, 0.5, to, heard.length);
    expect(signalToNoise(heard, reference, edge * to, (seconds - edge) * to)).toBeGreaterThan(110);
  });

  test.each([
    [48000, 44100, 22800],
    [96000, 44100, 30000],
    [192000, 44100, 25000],
    [44100, 8000, 5000],
  ])('%i to %i Hz removes a tone of %i Hz instead of folding it back', async (from, to, frequency) => {
    const heard = await resampled(frequency, from, to);
    const attenuation = level(tone(frequency, 0.5, from, from)) - level(heard, edge * to, (seconds - edge) * to);
    expect(attenuation).toBeGreaterThan(100);
  });

  test('an odd length is right within a sample', async () => {
    const bytes = wav({ sampleRate: 48000, channels: [tone(300, 0.5, 48000, 1001)] }, 'f32');
    const { channels } = await decodeAudio(bytes, { sampleRate: 44100 });
    expect(channels[0]!.length).toBe(Math.round((1001 * 44100) / 48000));
  });
});
