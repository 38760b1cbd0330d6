import { fileURLToPath } from 'node:url';
import { decodeAudio, probeAudio } from '@retone/audio';
import { describe, expect, test } from 'vitest';
import { level, likeness, sweeps, tone } from './signals.ts';
import { type SampleKind, wav } from './wav.ts';

const file = (name: string) => fileURLToPath(new URL(`files/${name}`, import.meta.url));

// Made by other programs than ours from one sound: 0.75 s, left 440 Hz at 0.5, right 660 Hz at 0.25.
const length = 33075;
const left = tone(440, 0.5, 44100, length);
const right = tone(660, 0.25, 44100, length);

describe('files of other programs', () => {
  test.each([
    ['mp3', 'mp3', 44100, 0],
    ['flac', 'flac', 44100, 0],
    ['ogg', 'vorbis', 44100, 128], // FFmpeg loses a short block of a file that is one Ogg page
    ['opus', 'opus', 48000, 0],
    ['m4a', 'aac', 44100, 0],
    ['webm', 'opus', 48000, 0],
  ])('%s is decoded to its exact length, in time, left and right in order', async (extension, codec, rate, missing) => {
    const path = file(`tones.${extension}`);
    expect(await probeAudio(path)).toMatchObject({ codec, sampleRate: rate, channels: 2 });
    const clip = await decodeAudio(path, { sampleRate: 44100 });
    expect(clip.sampleRate).toBe(44100);
    expect(clip.channels.map((channel) => channel.length)).toEqual([length - missing, length - missing]);
    expect(likeness(clip.channels[0]!, left)).toBeGreaterThan(0.995);
    expect(likeness(clip.channels[1]!, right)).toBeGreaterThan(0.995);
    expect(level(clip.channels[0]!) - level(left)).toBeCloseTo(0, 0);
  });

  test.each(['empty', 'delay'])(
    'a fragmented mp4 is as long as its sound, without and with an edit list (%s_moov)',
    async (kind) => {
      const clip = await decodeAudio(file(`fragmented-${kind}.mp4`));
      expect(clip.channels.map((channel) => channel.length)).toEqual([length, length]);
      // At 48 kbit/s; a frame too early or too late would come to less than 0.5.
      expect(likeness(clip.channels[0]!, left)).toBeGreaterThan(0.9);
      expect(likeness(clip.channels[1]!, right)).toBeGreaterThan(0.9);
    },
  );

  test('aac keeps the 1024 samples before the start, which its header cannot express', async () => {
    const clip = await decodeAudio(file('tones.aac'));
    expect(likeness(clip.channels[0]!, left, 1024)).toBeGreaterThan(0.995);
    expect(likeness(clip.channels[1]!, right, 1024)).toBeGreaterThan(0.995);
  });

  test('5.1 keeps all six channels in order when no number of channels is asked for', async () => {
    const clip = await decodeAudio(file('surround.m4a'));
    const pitches = [300, 600, 900, 60, 1500, 1800];
    expect(clip.channels.map((channel) => channel.length)).toEqual(pitches.map(() => 24000));
    clip.channels.forEach((channel, i) => {
      expect(likeness(channel, tone(pitches[i]!, 0.3, 48000, 24000))).toBeGreaterThan(0.9);
    });
  });
});

describe('wav', () => {
  const clip = sweeps(44100, 2, 0.2);

  test.each<[SampleKind, number]>([
    ['u8', 2 ** -7],
    ['s16', 2 ** -15],
    ['s24', 2 ** -23],
    ['s32', 2 ** -24],
    ['f32', 0],
    ['f64', 0],
  ])('%s samples are exact', async (kind, step) => {
    const { channels } = await decodeAudio(wav(clip, kind));
    channels.forEach((channel, i) => {
      const worst = channel.reduce((most, x, n) => Math.max(most, Math.abs(x - clip.channels[i]![n]!)), 0);
      expect(worst).toBeLessThanOrEqual(step / 2);
    });
  });

  test('NaN and infinity become silence and do not spread', async () => {
    const samples = tone(1000, 0.5, 48000, 4800);
    samples.set([Number.NaN, Infinity, -Infinity], 1000);
    const warnings: string[] = [];
    const onWarning = (warning: string) => warnings.push(warning);
    const [same] = (await decodeAudio(wav({ sampleRate: 48000, channels: [samples] }, 'f32'), { onWarning })).channels;
    expect(warnings).toEqual([expect.stringMatching(/has 3 samples that are NaN or infinite; they are silent now$/)]);
    expect([...same!.subarray(1000, 1003)]).toEqual([0, 0, 0]);
    expect(same![1003]).toBe(samples[1003]);
    const resampled = await decodeAudio(wav({ sampleRate: 48000, channels: [samples] }, 'f32'), { sampleRate: 44100 });
    expect(resampled.channels[0]!.every(Number.isFinite)).toBe(true);
    expect(level(resampled.channels[0]!, 1200)).toBeCloseTo(level(samples, 1200), 1);
  });

  test('a cut-off file gives what is there', async () => {
    const whole = wav(clip, 's16');
    const { channels } = await decodeAudio(whole.subarray(0, 44 + 4 * 5000));
    expect(channels[0]!.length).toBe(5000);
  });

  test('silence is sound too', async () => {
    const { channels } = await decodeAudio(wav({ sampleRate: 8000, channels: [new Float32Array(800)] }, 's16'));
    expect(channels[0]!).toEqual(new Float32Array(800));
  });

  test('neither the name nor the extension matters, only what is in the file', async () => {
    const { channels } = await decodeAudio(wav(clip, 's16'), { name: 'take.mp3' });
    expect(channels[0]!.length).toBe(clip.channels[0]!.length);
  });
});

describe('channels', () => {
  const mono = sweeps(22050, 1, 0.1);
  const stereo = sweeps(22050, 2, 0.1);
  const sixNames = ['front left', 'front right', 'centre', 'low', 'back left', 'back right'];
  const only = (speaker: string) =>
    wav(
      {
        sampleRate: 44100,
        channels: sixNames.map((name) => (name === speaker ? tone(500, 0.5, 44100, 4410) : new Float32Array(4410))),
      },
      's24',
      { speakers: 0x3f },
    );

  test('mono to stereo is a copy', async () => {
    const { channels } = await decodeAudio(wav(mono, 'f32'), { channels: 2 });
    expect(channels).toEqual([mono.channels[0], mono.channels[0]]);
    expect(channels[0]!.buffer).not.toBe(channels[1]!.buffer);
  });

  test('stereo to mono is the mean', async () => {
    const { channels } = await decodeAudio(wav(stereo, 'f32'), { channels: 1 });
    const [a, b] = stereo.channels;
    expect(channels).toEqual([a!.map((x, i) => Math.fround((x + b![i]!) / 2))]);
  });

  test('of 5.1, the first two channels are kept where that is asked for', async () => {
    const levels = async (speaker: string) =>
      (await decodeAudio(only(speaker), { channels: 2, mix: 'first-two' })).channels.map(loud);
    expect(await levels('front left')).toEqual([true, false]);
    expect(await levels('front right')).toEqual([false, true]);
    expect(await levels('centre')).toEqual([false, false]);
  });

  test('downmix brings the centre to both sides and the surround to its own', async () => {
    const levels = async (speaker: string) => (await decodeAudio(only(speaker), { channels: 2 })).channels.map(loud);
    expect(await levels('centre')).toEqual([true, true]);
    expect(await levels('back left')).toEqual([true, false]);
    expect(await levels('front right')).toEqual([false, true]);
  });

  function loud(channel: Float32Array): boolean {
    return level(channel) > -40;
  }
});
