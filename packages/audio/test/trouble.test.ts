import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decodeAudio, encodeAudio } from '@retone/audio';
import { describe, expect, test } from 'vitest';
import { level, likeness, sweeps, tone } from './signals.ts';
import { wav } from './wav.ts';

// Files that other programs write and FFmpeg by itself reads wrongly, or in a way that nobody wants.

const casesFolder = fileURLToPath(new URL('cases/', import.meta.url));

/** The sound of the recorded cases: a tone for each channel, 110 Hz apart, which swells and fades. */
function tones(rate: number, seconds: number, channels: number): Float32Array[] {
  const length = Math.trunc(rate * seconds);
  return Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length }, (_, i) => {
      const t = i / rate;
      return 0.3 * Math.sin(2 * Math.PI * (300 + 110 * c) * t) * (0.5 - 0.5 * Math.cos((2 * Math.PI * t) / seconds));
    }),
  );
}

async function decoded(name: string) {
  const warnings: string[] = [];
  const clip = await decodeAudio(`${casesFolder}${name}`, { channels: 2, onWarning: (text) => warnings.push(text) });
  const [left, right] = clip.channels as [Float32Array, Float32Array];
  return { left, right, rate: clip.sampleRate, warnings };
}

describe('recorded cases', () => {
  const [left, right] = tones(44100, 0.3, 2) as [Float32Array, Float32Array];

  test.each(['rifx.wav', '24in32.wav'])('%s is the sound', async (name) => {
    const found = await decoded(name);
    expect([found.left.length, found.warnings]).toEqual([left.length, []]);
    expect(likeness(found.left, left)).toBeGreaterThan(0.9999);
    expect(likeness(found.right, right)).toBeGreaterThan(0.9999);
  });

  test('of more channels than 16 the first two are taken', async () => {
    const found = await decoded('ch17.wav');
    const [first, second] = tones(44100, 0.05, 2) as [Float32Array, Float32Array];
    expect(likeness(found.left, first)).toBeGreaterThan(0.9999);
    expect(likeness(found.right, second)).toBeGreaterThan(0.9999);
  });

  test('both parts of a chained Ogg file come in time, with other settings and with other channels', async () => {
    const other = await decoded('chain-other-quality.ogg');
    const start = other.left.length / 2;
    expect(Math.abs(other.left.length - 2 * left.length)).toBeLessThan(300);
    expect(likeness(other.left, left)).toBeGreaterThan(0.95);
    expect(likeness(other.left.subarray(start), right)).toBeGreaterThan(0.95);
    const mono = await decoded('chain-other-channels.ogg');
    const [low] = tones(44100, 0.3, 1) as [Float32Array];
    expect(mono.left.length).toBeGreaterThan(2 * left.length - 300);
    // FFmpeg begins a Vorbis stream of one page a block late: 256 samples at 22,050 Hz.
    expect(likeness(mono.left.subarray(left.length - 128), low, 512)).toBeGreaterThan(0.99);
    expect(mono.right.subarray(left.length)).toEqual(mono.left.subarray(left.length));
  });

  test('a hole is silent, and what follows comes in time', async () => {
    const { left, rate, warnings } = await decoded('hole-400ms.webm');
    const [whole] = tones(48000, 2, 1) as [Float32Array];
    expect(left.length / rate).toBeCloseTo(2, 2);
    expect(level(left, 0.9 * rate, 1.15 * rate)).toBeLessThan(-80);
    expect(likeness(left.subarray(1.3 * rate), whole.subarray(1.3 * rate))).toBeGreaterThan(0.95);
    expect(warnings).toEqual([expect.stringMatching(/hole-400ms\.webm .* 0\.4 s of it are silent now/)]);
  });

  test('a part that cannot be decoded is silent, and what follows comes in time', async () => {
    const { left, warnings } = await decoded('one-bad-frame.flac');
    const [whole] = tones(44100, 1, 1) as [Float32Array];
    expect(left.length).toBe(44100);
    expect(likeness(left.subarray(33000), whole.subarray(33000))).toBeGreaterThan(0.9999);
    expect(warnings).toEqual([expect.stringContaining('silent now')]);
  });

  test('a voice in the centre is heard, on both sides alike', async () => {
    const found = await decoded('centre-only-51.flac');
    expect(likeness(found.left, left)).toBeGreaterThan(0.9999);
    expect(found.right).toEqual(found.left);
  });

  test('of several tracks the first default one that can be read is taken', async () => {
    // AAC in Matroska keeps the encoder's 1024 samples in front.
    const aac = await decoded('aac-then-dts.mkv');
    expect(likeness(aac.left, left, 1024)).toBeGreaterThan(0.99);
    const opus = await decoded('second-is-taken.mkv');
    expect(opus.rate).toBe(48000);
    expect(likeness(opus.left, tones(48000, 0.3, 1)[0]!)).toBeGreaterThan(0.95);
  });

  test('every case is one of these', () => {
    expect(readdirSync(casesFolder).filter((name) => !/\.(md|py)$/.test(name))).toHaveLength(10);
  });
});

describe('wave files', () => {
  const clip = sweeps(44100, 2, 0.2);
  const file = wav(clip, 's16');
  const plain = (bytes: Uint8Array) => decodeAudio(bytes, { channels: 2 });

  test.each([
    ['with an ID3 tag in front', () => Buffer.concat([Buffer.from('ID3\x03\0\0\0\0\0\x0a'), Buffer.alloc(10), file])],
    [
      'with a chunk of odd length and no padding',
      () => Buffer.concat([file.subarray(0, 36), Buffer.from('LIST\x07\0\0\0INFOabc', 'latin1'), file.subarray(36)]),
    ],
    [
      'with a chunk of odd length and padding',
      () => Buffer.concat([file.subarray(0, 36), Buffer.from('LIST\x07\0\0\0INFOabc\0', 'latin1'), file.subarray(36)]),
    ],
  ])('%s are read', async (_, bytes) => {
    expect(await plain(bytes())).toEqual(await plain(file));
  });

  test('of 255 channels give the first two', async () => {
    const many = Array.from({ length: 255 }, (_, c) => clip.channels[c] ?? new Float32Array(8820));
    expect(await plain(wav({ ...clip, channels: many }, 's16'))).toEqual(await plain(file));
  });
});

describe('damage in streams without timestamps', () => {
  const rate = 44100;
  const seconds = 2;
  test.each(['mp3', 'aac'] as const)('what follows a damaged part of %s comes in time', async (format) => {
    const sound = tone(440, 0.5, rate, seconds * rate);
    // A click as a time mark, behind the damage.
    const at = 1.5 * rate;
    for (let i = 0; i < 200; i++) sound[at + i] = i % 20 < 10 ? 1 : -1;
    const bytes = Buffer.from(await encodeAudio({ sampleRate: rate, channels: [sound] }, format));
    const click = ({ channels: [found] }: { channels: Float32Array[] }) =>
      found!.findLastIndex((value) => Math.abs(value) > 0.75);
    const intact = await decodeAudio(bytes);
    const middle = Math.floor(bytes.length / 2);
    for (let i = middle; i < middle + 1500; i++) bytes[i]! ^= 0x55;
    const warnings: string[] = [];
    const damaged = await decodeAudio(bytes, { onWarning: (warning) => warnings.push(warning) });
    expect(Math.abs(click(damaged) - click(intact))).toBeLessThan(100);
    expect(warnings).toEqual([expect.stringMatching(/is damaged or has holes: 0\.\d+ s of it are silent now/)]);
  });
});

test('a tag in front of aiff is passed over, and kinds of files that are not read have their name', async () => {
  const clip = sweeps(8000, 1, 0.5);
  const tag = Buffer.from('ID3\x03\0\0\0\0\0\x0a0123456789', 'latin1');
  const file = aiff(clip.channels[0]!, clip.sampleRate);
  expect(await decodeAudio(Buffer.concat([tag, file]))).toEqual(await decodeAudio(file));
  const dts = Buffer.concat([Buffer.from('7ffe8001', 'hex'), Buffer.alloc(400, 1)]);
  await expect(decodeAudio(dts)).rejects.toThrow('it is a DTS file');
});

/** An AIFF file of 16-bit samples. */
function aiff(samples: Float32Array, rate: number): Buffer {
  const head = Buffer.alloc(54);
  head.write('FORM____AIFFCOMM', 'latin1');
  head.writeUInt32BE(46 + 2 * samples.length, 4);
  head.writeUInt32BE(18, 16);
  head.writeUInt16BE(1, 20);
  head.writeUInt32BE(samples.length, 22);
  head.writeUInt16BE(16, 26);
  // The rate is an 80-bit float: 15 bits of exponent, and the mantissa with its leading 1.
  const exponent = Math.floor(Math.log2(rate));
  head.writeUInt16BE(16383 + exponent, 28);
  head.writeUInt32BE(rate * 2 ** (31 - exponent), 30);
  head.write('SSND', 38, 'latin1');
  head.writeUInt32BE(8 + 2 * samples.length, 42);
  const data = Buffer.alloc(2 * samples.length);
  for (const [i, sample] of samples.entries()) data.writeInt16BE(Math.round(sample * 32767), 2 * i);
  return Buffer.concat([head, data]);
}

describe('a part of a file', () => {
  test('is what its beginning is, also at another rate', async () => {
    const clip = sweeps(48000, 2, 3);
    const file = wav(clip, 's16');
    for (const sampleRate of [48000, 44100]) {
      const whole = await decodeAudio(file, { sampleRate });
      const part = await decodeAudio(file, { sampleRate, seconds: 1.5 });
      const length = Math.round(1.5 * sampleRate);
      expect(part.channels).toEqual(whole.channels.map((channel) => channel.slice(0, length)));
    }
  });

  test('of a file that claims a rate of 1 Hz is a second for each sample', async () => {
    const samples = Float32Array.from({ length: 500_000 }, (_, i) => (i % 2 ? -0.5 : 0.5));
    const file = wav({ sampleRate: 1, channels: [samples] }, 's16');
    const { channels } = await decodeAudio(file, { sampleRate: 44100, seconds: 2 });
    expect(channels[0]).toHaveLength(2 * 44100);
    expect(channels[0]![44100]).toBeCloseTo(-0.5, 1);
    await expect(decodeAudio(file, { sampleRate: 44100 })).rejects.toMatchObject({ code: 'too-long' });
  });

  test('is not refused for what comes behind it', async () => {
    const file = wav(sweeps(8000, 1, 5), 's16');
    await expect(decodeAudio(file, { maxDuration: 3 })).rejects.toThrow('at most 3 s');
    expect((await decodeAudio(file, { maxDuration: 3, seconds: 2 })).channels[0]).toHaveLength(16000);
  });
});

describe('16 bits', () => {
  test('keep what is softer than one step, as noise around it', async () => {
    const soft = Float32Array.from(
      { length: 44100 },
      (_, i) => (0.4 / 32768) * Math.sin((2 * Math.PI * 440 * i) / 44100),
    );
    const bytes = await encodeAudio({ sampleRate: 44100, channels: [soft] }, 'wav');
    const [found] = (await decodeAudio(bytes)).channels as [Float32Array];
    expect(likeness(found, soft)).toBeGreaterThan(0.3);
    expect(await encodeAudio({ sampleRate: 44100, channels: [soft] }, 'wav')).toEqual(bytes);
  });

  test('keep samples that they hold exactly, and silence', async () => {
    const exact = Float32Array.from({ length: 1000 }, (_, i) => (i % 7 === 0 ? 0 : ((i * 37) % 65536) - 32768) / 32768);
    const bytes = await encodeAudio({ sampleRate: 44100, channels: [exact] }, 'flac');
    expect((await decodeAudio(bytes)).channels).toEqual([exact]);
  });
});

test.each(['mp3', 'wav', 'flac', 'ogg', 'opus', 'm4a'] as const)('tags are written into %s', async (format) => {
  const clip = sweeps(44100, 2, 0.5);
  const bytes = await encodeAudio(clip, format, { tags: { title: 'a cello', comment: 'seed 7' } });
  const text = Buffer.from(bytes).toString('latin1').replaceAll('\0', '');
  expect(text).toContain('a cello');
  expect(text).toContain('seed 7');
  const untagged = await encodeAudio(clip, format);
  expect((await decodeAudio(bytes)).channels).toEqual((await decodeAudio(untagged)).channels);
});

describe('files that were joined', () => {
  // Among the bytes of a picture are many that a frame could begin with.
  const picture = Buffer.from(
    Array.from({ length: 100_000 }, (_, i) =>
      i > 95_000 ? 0 : i % 97 === 0 ? 0xff : i % 97 === 1 ? 0xfb : (i * 7919) >> 3,
    ),
  );
  const tagOf = (bytes: Buffer) => {
    const size = [21, 14, 7, 0].map((shift) => (bytes.length >> shift) & 127);
    return Buffer.concat([Buffer.from('ID3\x03\0\0', 'latin1'), Buffer.from(size), bytes]);
  };

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a tag', tagOf(Buffer.from('TIT2\0\0\0\x02\0\0\0b', 'latin1'))],
    ['a tag with a picture', tagOf(picture)],
    ['tags of both kinds', Buffer.concat([Buffer.from('TAG'.padEnd(128)), tagOf(picture)])],
  ])('have no gap where an mp3 begins with %s', async (_, tag) => {
    const one = Buffer.from(await encodeAudio(sweeps(44100, 2, 1), 'mp3'));
    const second = Buffer.concat([tag, one.subarray(one.indexOf(Buffer.from([0xff, 0xfb])))]);
    const warnings: string[] = [];
    const options = { onWarning: (warning: string) => warnings.push(warning) };
    const alone = (await decodeAudio(one)).channels[0]!.length;
    const joined = (await decodeAudio(Buffer.concat([one, second, second]), options)).channels[0]!.length;
    expect(warnings).toEqual([]);
    // The encoder's padding, two frames of it, belongs to each join; the frame that holds the length was a third.
    expect((joined - 3 * alone) / 2 / 1152).toBeLessThan(2.5);
  });
});

test.each([0x630, 0x5600, 0x38, 0x9])(
  'a layout without the usual speakers in front is heard (mask %i)',
  async (speakers) => {
    const count = speakers.toString(2).replaceAll('0', '').length;
    const channels = Array.from({ length: count }, (_, i) => tone(300 + 110 * i, 0.3, 44100, 4410));
    const { channels: found } = await decodeAudio(wav({ sampleRate: 44100, channels }, 's24', { speakers }), {
      channels: 2,
    });
    expect(found.every((channel) => level(channel) > -40)).toBe(true);
  },
);

test('a downmix that leaves out all of the sound is a warning', async () => {
  const channels = Array.from({ length: 6 }, (_, i) => (i === 3 ? tone(60, 0.3, 44100, 4410) : new Float32Array(4410)));
  const warnings: string[] = [];
  const onWarning = (warning: string) => warnings.push(warning);
  await decodeAudio(wav({ sampleRate: 44100, channels }, 's24', { speakers: 0x3f }), { channels: 2, onWarning });
  expect(warnings).toEqual([expect.stringContaining('only in channels that a downmix leaves out (LFE)')]);
});

test('an Ogg file whose only page of sound is damaged is called damaged', async () => {
  const bytes = Buffer.from(await encodeAudio({ sampleRate: 44100, channels: [tone(300, 0.3, 44100, 8820)] }, 'ogg'));
  // The first two pages hold the headers.
  const second = bytes.indexOf('OggS', 4);
  for (let i = bytes.indexOf('OggS', second + 4) + 60; i < bytes.length; i += 3) bytes[i]! ^= 0x55;
  await expect(decodeAudio(bytes)).rejects.toMatchObject({
    code: 'damaged',
    message: expect.stringContaining('intact copy'),
  });
});
