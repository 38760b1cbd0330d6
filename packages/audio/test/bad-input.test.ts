import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AudioError, decodeAudio, encodeAudio, probeAudio } from '@retone/audio';
import { writableFormats } from '@retone/contract';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { sweeps } from './signals.ts';
import { wav } from './wav.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retone-audio-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The error of a request that must fail: an AudioError of one line. */
async function errorOf(request: Promise<unknown>): Promise<AudioError> {
  const error = await request.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AudioError);
  expect((error as AudioError).message).toMatch(/^[^\n]*[^\n.]$/);
  return error as AudioError;
}

const clip = sweeps(22050, 1, 0.2);

describe('files that are not sound', () => {
  test('a text file named .wav', async () => {
    const path = join(folder, 'notes.wav');
    await writeFile(path, 'These are my notes about the song. It is in E minor.\n');
    const error = await errorOf(decodeAudio(path));
    expect(error.code).toBe('not-audio');
    expect(error.message).toBe(
      'notes.wav is not an audio file Retone can read (it looks like text); ' +
        'give a wav, mp3, flac, ogg, opus, m4a, aac, webm or aiff file',
    );
  });

  test.each([
    ['0 bytes', Buffer.alloc(0), 'empty', /empty \(0 bytes\)/],
    ['10 bytes of mp3', Buffer.from('fffb9064000000000000', 'hex'), 'not-audio', /only 10 bytes/],
    ['zeros', Buffer.alloc(5000), 'not-audio', /not an audio file/],
    ['a PDF', Buffer.from(`%PDF-1.7\n${'%'.repeat(200)}`), 'not-audio', /PDF/],
    ['a wav header alone', wav(clip, 's16').subarray(0, 44), 'empty', /no sound in it/],
    [
      'a wav of no samples',
      wav({ sampleRate: 8000, channels: [new Float32Array(0)] }, 's16'),
      'empty',
      /no sound in it/,
    ],
    ['a playlist', Buffer.from('#EXTM3U\n#EXTINF:10,\n/etc/hostname\n#EXT-X-ENDLIST\n'), 'not-audio', /text/],
    ['a list for joining', Buffer.from("ffconcat version 1.0\nfile '/etc/hostname'\n"), 'not-audio', /text/],
  ])('%s', async (_, bytes, code, message) => {
    const error = await errorOf(decodeAudio(bytes, { name: 'upload' }));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^upload /);
  });

  test('a film without sound', async () => {
    const error = await errorOf(decodeAudio(fileURLToPath(new URL('files/silent-film.mp4', import.meta.url))));
    expect(error.code).toBe('no-audio');
  });

  test('a folder and a missing file', async () => {
    expect((await errorOf(decodeAudio(folder))).code).toBe('not-a-file');
    expect((await errorOf(decodeAudio(join(folder, 'missing.wav')))).code).toBe('not-found');
  });
});

describe('damaged files', () => {
  // Cut, flipped and overwritten in places that a fixed generator picks. What comes out is sound or a clear error.
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const damages: [string, (bytes: Buffer) => Buffer][] = [
    ['cut', (bytes) => bytes.subarray(0, 1 + random(bytes.length))],
    ['flipped', (bytes) => flip(bytes, bytes.length, Math.ceil(bytes.length / 200))],
    ['flipped at the start', (bytes) => flip(bytes, 300, 20)],
    ['zeroed in part', (bytes) => bytes.fill(0, random(bytes.length))],
  ];
  const flip = (bytes: Buffer, end: number, count: number) => {
    for (let i = 0; i < count; i++) {
      const at = random(Math.min(end, bytes.length));
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    }
    return bytes;
  };

  test.each(writableFormats)('%s', async (format) => {
    const whole = await encodeAudio(sweeps(44100, 2, 0.5), format);
    for (const [, damage] of damages) {
      const decoding = decodeAudio(damage(Buffer.from(whole)), { timeout: 30_000 });
      await decoding.then(
        ({ channels }) => expect(channels.every((channel) => channel.every(Number.isFinite))).toBe(true),
        (error: AudioError) =>
          expect(['empty', 'not-audio', 'damaged', 'unsupported', 'too-long']).toContain(error.code),
      );
    }
  });
});

describe('limits', () => {
  test('a 3-hour wav is refused by its header', async () => {
    const path = join(folder, 'long.wav');
    const bytes = 3 * 3600 * 44100 * 4;
    await writeFile(
      path,
      wav({ sampleRate: 44100, channels: [new Float32Array(0), new Float32Array(0)] }, 's16', { claimedBytes: bytes }),
    );
    await truncate(path, 44 + bytes); // a hole: no room is taken on the disk
    const error = await errorOf(decodeAudio(path));
    expect(error.code).toBe('too-long');
    expect(error.message).toBe('long.wav lasts 3 h; at most 30 min are taken; cut it first');
    await rm(path);
  });

  test('a 3-hour aac, whose header does not say, is refused without decoding it', async () => {
    const minute = await encodeAudio({ sampleRate: 8000, channels: [new Float32Array(60 * 8000)] }, 'aac');
    const error = await errorOf(decodeAudio(Buffer.concat(Array.from({ length: 180 }, () => minute))));
    expect(error.code).toBe('too-long');
    expect(error.message).toMatch(/more than 30 min/);
  });

  test('a quiet beginning does not make a variable-rate file too long', async () => {
    // The bit rate of the silence makes the whole look many times longer than it is.
    const quiet = await encodeAudio({ sampleRate: 44100, channels: [new Float32Array(44100)] }, 'aac');
    const loud = await encodeAudio(sweeps(44100, 1, 4), 'aac');
    const decoded = await decodeAudio(Buffer.concat([quiet, loud]), { maxDuration: 6 });
    expect(decoded.channels[0]!.length / 44100).toBeCloseTo(5, 0);
  });

  test('duration, bytes and memory', async () => {
    const bytes = wav(sweeps(44100, 2, 3), 's16');
    expect((await errorOf(decodeAudio(bytes, { maxDuration: 2.5 }))).message).toMatch(/lasts 3 s; at most 2.5 s/);
    const minutes = wav({ sampleRate: 1000, channels: [new Float32Array(380_400)] }, 'u8');
    expect((await errorOf(decodeAudio(minutes, { maxDuration: 380 }))).message).toMatch(
      /lasts 6 min 21 s; at most 6 min 20 s/,
    );
    expect((await errorOf(decodeAudio(bytes, { maxBytes: 1000 }))).code).toBe('too-large');
    expect((await errorOf(decodeAudio(bytes, { maxMemory: 500_000 }))).code).toBe('too-large');
    for (const timeout of [0, Number.NaN, Infinity, 2 ** 31]) {
      expect((await errorOf(decodeAudio(bytes, { timeout }))).code).toBe('invalid');
      expect((await errorOf(probeAudio(bytes, { timeout }))).code).toBe('invalid');
      expect((await errorOf(encodeAudio(clip, 'wav', { timeout }))).code).toBe('invalid');
    }
    expect((await errorOf(decodeAudio(bytes, { sampleRate: 10 }))).code).toBe('invalid');
    expect((await decodeAudio(bytes, { maxDuration: 3 })).channels[0]!.length).toBe(3 * 44100);
  });
});

test('no file is left behind', async () => {
  // A place of its own: other tests make files in the common one meanwhile.
  const temporary = join(folder, 'temporary');
  await mkdir(temporary);
  vi.stubEnv('TMPDIR', temporary);
  await decodeAudio(wav(clip, 's16'));
  await encodeAudio(clip, 'm4a');
  await errorOf(decodeAudio(Buffer.from('text')));
  vi.unstubAllEnvs();
  expect(await readdir(temporary)).toEqual([]);
});
