import { readFileSync, writeFileSync } from 'node:fs';
import { decodeAudio } from '@retone/audio';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fixturesMissing, tinySmall } from '../../../packages/engine/fixtures/fixtures.ts';
import { riff, Workplace } from './retone.ts';
import { logMel, pearson } from './similarity.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

/** The first line of what a command printed as JSON. */
const json = (stdout: string) => JSON.parse(stdout);

describe('retone transform', () => {
  test('with a file and a prompt alone makes an mp3 beside nothing else, and says what it did', async () => {
    const { code, stdout, stderr } = await place.retone('transform', riff, '--prompt', 'bowed cello');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(place.files()).toEqual(['riff.retone.mp3']);
    expect(stdout).toMatch(
      /riff\.wav -> riff\.retone\.mp3\n {2}"bowed cello"\n {2}retone-small, \d+ \w+ steps, noise level 0\.9, guidance \d/,
    );
    const made = await decodeAudio(place.path('riff.retone.mp3'));
    expect(made.channels).toHaveLength(2);
    expect(made.channels[0]!.length / made.sampleRate).toBeCloseTo(8, 1);
  });

  test('never overwrites a file without being asked to', async () => {
    for (let i = 0; i < 2; i++) await place.retone('transform', riff, '-p', 'cello', '-n', '0');
    expect(place.files()).toEqual(['riff.retone-2.mp3', 'riff.retone.mp3']);
  });

  test('gives the same bytes for the same seed, and others for another', async () => {
    const make = async (name: string, seed: string) => {
      const { code } = await place.retone('transform', riff, '-p', 'flute', '-d', '2', '--seed', seed, '-o', name);
      expect(code).toBe(0);
      return readFileSync(place.path(name));
    };
    const first = await make('a.mp3', '11');
    expect((await make('b.mp3', '11')).equals(first)).toBe(true);
    expect((await make('c.mp3', '12')).equals(first)).toBe(false);
  });

  test('reports in JSON what it used, so that the run can be repeated', async () => {
    const { code, stdout } = await place.retone(
      'transform',
      riff,
      '-p',
      'flute',
      '-d',
      '1.5',
      '--steps',
      '3',
      '-o',
      'x.flac',
      '--json',
    );
    expect(code).toBe(0);
    expect(json(stdout)).toMatchObject({
      output: 'x.flac',
      format: 'flac',
      seconds: 1.5,
      sampleRate: 44100,
      channels: 2,
      model: 'retone-small',
      steps: 3,
      initNoiseLevel: 0.9,
    });
    expect(Number.isInteger(json(stdout).seed)).toBe(true);
  });

  test('reads what the built-in model does not know as its nearest word, or not at all, and says so', async () => {
    const make = async (name: string, words: string) => {
      const args = [riff, '-p', words, '-d', '2', '--seed', '5', '-o', name, '--json'];
      const { code, stdout } = await place.retone('transform', ...args);
      expect(code).toBe(0);
      // The file names its prompt, so that only the sound can be the same.
      const { channels } = await decodeAudio(place.path(name));
      return { warnings: json(stdout).warnings, sound: Buffer.from(channels[0]!.buffer) };
    };
    const nonsense = await make('a.wav', 'qwertz uiop');
    const drumless = await make('b.wav', 'no drums, please');
    const lute = await make('c.wav', 'a Lute!');
    const guitar = await make('d.wav', 'acoustic guitar!');
    expect(nonsense.warnings).toEqual([
      'the model does not know the words: qwertz, uiop; the prompt is read without them',
    ]);
    expect(drumless.warnings).toEqual([
      expect.stringMatching(/^the model has not learnt to leave things out.*: drums is left out of the prompt$/),
    ]);
    expect(drumless.sound.equals(nonsense.sound)).toBe(true);
    expect(lute.warnings).toEqual(['in the prompt, the model reads "Lute" as "acoustic guitar"']);
    expect(lute.sound.equals(guitar.sound)).toBe(true);
    expect(guitar.warnings).toBeUndefined();
    expect(guitar.sound.equals(nonsense.sound)).toBe(false);
  });

  test('departs from the source as far as the noise level says', async () => {
    const source = await decodeAudio(riff);
    const similarity: number[] = [];
    for (const level of ['0', '0.1', '0.3', '0.5', '0.7', '0.9', '1']) {
      await place.retone('transform', riff, '-p', 'bowed cello', '-n', level, '--seed', '3', '-o', `${level}.wav`);
      const made = await decodeAudio(place.path(`${level}.wav`));
      if (level === '0') expect(made.channels).toEqual(source.channels);
      similarity.push(pearson(logMel(source), logMel(made)));
    }
    expect(similarity[0]).toBeCloseTo(1, 6);
    for (let i = 1; i < similarity.length; i++) expect(similarity[i]!).toBeLessThan(similarity[i - 1]!);
  });
});

test.each(['wav', 'flac', 'ogg', 'opus', 'm4a', 'aac'])('retone generate writes %s', async (format) => {
  const { code, stderr } = await place.retone('generate', '-p', 'soft piano', '-d', '1', '--steps', '1', '-f', format);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const made = await decodeAudio(place.path(`soft-piano.retone.${format}`));
  expect(made.channels[0]!.length / made.sampleRate).toBeCloseTo(1, 1);
});

test.each(['exact', 'fast'])(
  'without a cache it continues in precision %s, with a word where that matters',
  async (precision) => {
    // A folder cannot be made in a file, not by root either.
    writeFileSync(place.path('file'), '');
    const environment = { RETONE_CACHE: place.path('file/cache') };
    const run = (level: string) =>
      place.retoneWith(
        environment,
        'transform',
        riff,
        '-p',
        'x',
        '-d',
        '1',
        '-n',
        level,
        '--precision',
        precision,
        '--json',
      );
    for (const level of ['0', '0.9']) {
      const { code, stdout } = await run(level);
      expect(code).toBe(0);
      const { precision: used, warnings = [] } = json(stdout);
      expect(used).toBe('exact');
      const fallback = expect.stringMatching(
        /^the cache .*cache cannot be written \(ENOTDIR; RETONE_CACHE names another folder\), so the precision is exact and not fast$/,
      );
      if (precision === 'exact') expect(warnings).not.toContainEqual(fallback);
      else expect(warnings).toContainEqual(fallback);
    }
  },
);

test.skipIf(fixturesMissing)('without a cache adapters are folded in all the same', async () => {
  writeFileSync(place.path('file'), '');
  const args = ['generate', '-m', tinySmall, '-p', 'x', '-d', '1', '--seed', '1', '--precision', 'exact'];
  const adapter = ['--lora', `${tinySmall}/lora/lora.safetensors`];
  await place.retoneWith({ RETONE_CACHE: place.path('cache') }, ...args, ...adapter, '-o', 'kept.wav');
  const { stderr, code } = await place.retoneWith(
    { RETONE_CACHE: place.path('file/cache') },
    ...[...args, ...adapter, '-o', 'lost.wav'],
  );
  expect(code).toBe(0);
  expect(stderr).toMatch(/^retone: the cache .* cannot be written .*, so adapters are folded in at every start\n$/);
  expect(readFileSync(place.path('lost.wav')).equals(readFileSync(place.path('kept.wav')))).toBe(true);
});

test('retone inpaint keeps everything outside the regions', async () => {
  const { code } = await place.retone(
    'inpaint',
    riff,
    '-p',
    'drums',
    '-r',
    '2-3',
    '--region',
    '5-6.5',
    '--steps',
    '2',
    '-o',
    'x.wav',
  );
  expect(code).toBe(0);
  const [source, made] = [await decodeAudio(riff), await decodeAudio(place.path('x.wav'))];
  for (const [c, channel] of source.channels.entries()) {
    for (const [from, to] of [
      [0, 2],
      [3, 5],
      [6.5, 8],
    ] as const) {
      expect(made.channels[c]!.slice(from * 44100, to * 44100)).toEqual(channel.slice(from * 44100, to * 44100));
    }
    expect(made.channels[c]!.slice(2 * 44100, 3 * 44100)).not.toEqual(channel.slice(2 * 44100, 3 * 44100));
  }
});

test('retone outpaint continues at the end unless asked otherwise', async () => {
  const { code, stdout } = await place.retone('outpaint', riff, '-p', 'piano', '--steps', '1', '-o', 'x.wav', '--json');
  expect(code).toBe(0);
  expect(json(stdout)).toMatchObject({ seconds: 13, secondsBefore: 0, secondsAfter: 5 });
});

describe('retone generate', () => {
  const generate = (...args: string[]) => place.retone('generate', '-d', '1', '--steps', '1', '--seed', '1', ...args);

  test.skipIf(fixturesMissing)('with adapters differs from the model alone, and lists them', async () => {
    vi.stubEnv('RETONE_CACHE', place.path('cache'));
    const args = ['-m', tinySmall, '-p', 'cello', '-o'];
    await generate(...args, 'plain.wav');
    const file = `${tinySmall}/lora/dora-rows.safetensors`;
    const { stdout, stderr } = await generate(...args, 'lora.wav', '--lora', `${file}:-0.5`, '--lora', file, '--json');
    expect(stderr).toBe('');
    expect(json(stdout).loras).toEqual([
      { path: file, strength: -0.5 },
      { path: file, strength: 1 },
    ]);
    expect(readFileSync(place.path('lora.wav')).equals(readFileSync(place.path('plain.wav')))).toBe(false);
    const { code, stderr: refusal } = await generate('-p', 'cello', '--lora', file);
    expect(code).toBe(1);
    expect(refusal).toMatch(/dora-rows\.safetensors does not fit retone-small: /);
    expect((await generate('-p', 'cello', '--lora', `${file}:loud`)).stderr).toMatch(/must be a number \(got "loud"\)/);
    vi.unstubAllEnvs();
  });

  test('reports a prompt that is too long, and where it was cut', async () => {
    const prompt = `a cello ${'and a flute '.repeat(60)}`;
    const { stdout, stderr, code } = await generate('-p', prompt, '-o', 'x.wav');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^retone: the prompt has \d+ tokens, and the model reads the first 64: .*, from ".*flute.*" on\n$/,
    );
    expect(stdout).toMatch(/^x\.wav/);
    expect(json((await generate('-p', prompt, '-o', 'y.wav', '--json')).stdout).warnings).toEqual([
      expect.stringContaining('the model reads the first 64'),
    ]);
  });
});
