import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, linkSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { decodeAudio, encodeAudio } from '@retone/audio';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { main, riff, Workplace } from './retone.ts';

// Recordings are never lost, and files are read and written in every way that a shell has.

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
  copyFileSync(riff, place.path('take.wav'));
});
afterEach(() => place.remove());

/** A transform that gives the recording back. */
const back = (...args: string[]) => place.retone('transform', '-p', 'x', '-n', '0', ...args);
const samples = async (name: string) => (await decodeAudio(place.path(name))).channels;

describe('what is there is kept', () => {
  test.each([
    ['the recording itself', 'take.wav', /"take\.wav" is the recording itself; --output must name another file/],
    ['another name of the recording', 'linked.wav', /"linked\.wav" is the recording itself/],
    ['a link to the recording', 'symlink.wav', /"symlink\.wav" is the recording itself/],
    ['another file', 'other.wav', /"other\.wav" exists; --overwrite replaces it/],
  ])('%s is not replaced', async (_, name, message) => {
    linkSync(place.path('take.wav'), place.path('linked.wav'));
    symlinkSync('take.wav', place.path('symlink.wav'));
    writeFileSync(place.path('other.wav'), 'other');
    const before = place.files();
    const { code, stderr } = await back('take.wav', '-o', name);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(readFileSync(place.path('take.wav')).equals(readFileSync(riff))).toBe(true);
    expect(readFileSync(place.path('other.wav'), 'utf8')).toBe('other');
    expect(place.files()).toEqual(before);
  });

  test('the recording is not replaced with --overwrite either, nor is a file that is write-protected', async () => {
    expect((await back('take.wav', '-o', 'take.wav', '--overwrite')).code).toBe(2);
    writeFileSync(place.path('protected.wav'), 'kept', { mode: 0o444 });
    const { code, stderr } = await back('take.wav', '-o', 'protected.wav', '--overwrite');
    expect(stderr).toMatch(/"protected\.wav" is write-protected/);
    expect(code).toBe(2);
  });

  test('--overwrite keeps the mode of a file, its other names, and links to it', async () => {
    for (const name of ['mode.wav', 'names.wav', 'target.wav']) writeFileSync(place.path(name), 'old');
    chmodSync(place.path('mode.wav'), 0o640);
    linkSync(place.path('names.wav'), place.path('other-name.wav'));
    symlinkSync('target.wav', place.path('link.wav'));
    for (const name of ['mode.wav', 'names.wav', 'link.wav'])
      expect(await back('take.wav', '-o', name, '--overwrite')).toMatchObject({ code: 0, stderr: '' });
    expect(statSync(place.path('mode.wav')).mode & 0o777).toBe(0o640);
    for (const name of ['mode.wav', 'other-name.wav', 'target.wav'])
      expect(await samples(name)).toEqual(await samples('take.wav'));
  });

  test('four runs at once leave four results', async () => {
    const runs = await Promise.all([1, 2, 3, 4].map(() => back('take.wav', '-f', 'wav')));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const results = place.files().filter((name) => name.startsWith('take.retone'));
    expect(results).toHaveLength(4);
    for (const name of results) expect(await samples(name)).toEqual(await samples('take.wav'));
  });

  test('a name that was taken is given back when nothing comes of it', async () => {
    writeFileSync(place.path('text.wav'), 'no sound at all, only words and words and words');
    expect((await back('text.wav')).code).toBe(1);
    expect(place.files()).toEqual(['take.wav', 'text.wav']);
  });
});

describe('before any work is done', () => {
  test.each([
    ['a name that is too long', `${'x'.repeat(252)}.wav`, /ENAMETOOLONG/],
    ['a format that is not that of the name', 'x.wav', /--format is mp3, but "x\.wav" is the name of a file of wav/],
  ])('%s is refused', async (_, name, message) => {
    const { code, stderr } = await back('take.wav', '-o', name, ...(name === 'x.wav' ? ['--format', 'mp3'] : []));
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test.each([
    [['-d', '300'], /the duration in seconds must be between .* and 190\.2.* \(got 300\)/],
    [['--steps', '0'], /the number of steps must be an integer between 1 and 1000 \(got 0\)/],
    [['--bit-depth', '24'], /--bit-depth is for wav and flac; mp3 has none/],
    [['--channels', 'all'], /--channels must be downmix or first-two \(got "all"\)/],
  ])('%j is a wrong command line', async (args, message) => {
    const { code, stderr } = await place.retone('transform', 'take.wav', '-p', 'x', ...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test('a long name is taken: what is written beside it is short', async () => {
    const name = `${'x'.repeat(245)}.wav`;
    expect(await back('take.wav', '-o', name)).toMatchObject({ code: 0, stderr: '' });
    expect(await samples(name)).toEqual(await samples('take.wav'));
  });
});

describe('pipes', () => {
  const shell = (line: string) =>
    new Promise<{ stdout: Buffer; stderr: string }>((resolve, reject) => {
      const env = { ...process.env, RETONE: `${process.execPath} ${main}` };
      execFile(
        'bash',
        ['-c', line],
        { cwd: place.folder, env, encoding: 'buffer', maxBuffer: 1e9 },
        (error, out, err) => {
          if (error) reject(new Error(`${error.message} ${err}`));
          else resolve({ stdout: out, stderr: err.toString() });
        },
      );
    });
  const transform = '$RETONE transform -p x -n 0 --bit-depth 16 -f wav';

  test.each([
    ['standard input', `${transform} - < take.wav`, 'stdin.retone.wav'],
    ['/dev/stdin', `cat take.wav | ${transform} /dev/stdin -o x.wav`, 'x.wav'],
    ['a process', `${transform} <(cat take.wav) -o x.wav`, 'x.wav'],
    ['a FIFO', `mkfifo in; cat take.wav > in & ${transform} in -o x.wav`, 'x.wav'],
  ])('%s is read', async (_, line, result) => {
    await shell(line);
    expect(await samples(result)).toEqual(await samples('take.wav'));
  });

  test('standard output has the sound alone', async () => {
    const { stdout, stderr } = await shell(`${transform} take.wav -o - --json`);
    expect(JSON.parse(stderr)).toMatchObject({ output: '-', format: 'wav' });
    expect((await decodeAudio(stdout)).channels).toEqual(await samples('take.wav'));
  });

  test('a FIFO stays one, and gets the sound', async () => {
    await shell(`mkfifo out.wav; cat out.wav > copy.wav & ${transform} take.wav -o out.wav; wait`);
    expect(statSync(place.path('out.wav')).isFIFO()).toBe(true);
    expect(await samples('copy.wav')).toEqual(await samples('take.wav'));
  });

  test('/dev/null takes everything', async () => {
    expect(
      (await place.retone('transform', 'take.wav', '-p', 'x', '-n', '0', '-f', 'wav', '-o', '/dev/null')).code,
    ).toBe(0);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });
});

test.each(['/dev/null/cache', ...(process.platform === 'linux' ? ['/proc/cache'] : [])])(
  'a cache that cannot be written, %s, is done without, with a warning',
  async (cache) => {
    const args = ['-p', 'x', '-n', '0.5', '-d', '1', '--steps', '1', '-o', 'uncached.wav', '--overwrite', '--json'];
    const { code, stdout } = await place.retoneWith({ RETONE_CACHE: cache }, 'transform', 'take.wav', ...args);
    expect(code).toBe(0);
    const { precision, warnings } = JSON.parse(stdout);
    expect(precision).toBe('exact');
    expect(warnings).toContainEqual(
      expect.stringMatching(/^the cache \S+ cannot be written \(ENO\w+; RETONE_CACHE names another/),
    );
  },
);

test('a file may begin with a dash behind --, and a URL is not a file', async () => {
  copyFileSync(riff, place.path('-1.wav'));
  expect((await back('-o', 'x.wav', '--', '-1.wav')).code).toBe(0);
  const { code, stderr } = await back('https://example.com/take.wav');
  expect(stderr).toMatch(/"https:\/\/example\.com\/take\.wav" is a URL; fetch it first, or pipe it in/);
  expect(code).toBe(2);
});

test('a recording that is longer than the model reaches is cut with a word', async () => {
  const long = new Float32Array(195 * 8000).map((_, i) => 0.1 * Math.sin(i / 10));
  writeFileSync(place.path('long.wav'), await encodeAudio({ sampleRate: 8000, channels: [long] }, 'wav'));
  const { stdout, stderr } = await back('long.wav', '-o', 'x.wav', '--json');
  const warning = 'long.wav is longer than the 190.2 s that retone-small reaches; the rest is left out';
  expect(JSON.parse(stdout)).toMatchObject({ warnings: [warning], seconds: 8388608 / 44100 });
  expect(stderr).toBe('');
  expect((await back('long.wav', '-d', '2', '-o', 'y.wav')).stderr).toBe('');
  const inpainted = await place.retone('inpaint', 'long.wav', '-p', 'x', '-r', '1-2', '-o', 'z.wav');
  expect(inpainted.stderr).toMatch(/long\.wav is longer than the 190\.2 s that retone-small reaches; cut it first/);
});

test('the voice in the centre of 5.1 is heard, unless the first two channels are asked for', async () => {
  const voice = Float32Array.from({ length: 44100 }, (_, i) => 0.3 * Math.sin(i / 20));
  const silent = new Float32Array(44100);
  const file = await encodeAudio(
    { sampleRate: 44100, channels: [silent, silent, voice, silent, silent, silent] },
    'flac',
  );
  writeFileSync(place.path('film.flac'), file);
  const peak = async (name: string) => Math.max(...(await samples(name))[0]!.slice(0, 1000));
  await back('film.flac', '-o', 'mixed.wav');
  await back('film.flac', '-o', 'two.wav', '--channels', 'first-two');
  expect(await peak('mixed.wav')).toBeGreaterThan(0.05);
  expect(await peak('two.wav')).toBe(0);
});

test('results say what they are, at the bit depth asked for', async () => {
  await place.retone(
    'generate',
    '-p',
    'a soft piano',
    '-d',
    '1',
    '--steps',
    '1',
    '--seed',
    '5',
    '-o',
    'x.flac',
    '--bit-depth',
    '24',
  );
  const file = readFileSync(place.path('x.flac')).toString('utf8');
  expect(file).toContain('a soft piano');
  expect(file).toContain('made with Retone, seed 5');
  await back('take.wav', '--bit-depth', '32f', '-o', 'y.wav');
  expect(readFileSync(place.path('y.wav')).readUInt16LE(20)).toBe(3);
});
