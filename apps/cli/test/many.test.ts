import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type Running, startService } from '../../server/test/service.ts';
import { silence } from '../../server/test/silence.ts';
import { StubEngine } from '../../server/test/stub-engine.ts';
import { main, Workplace } from './retone.ts';

// Many files at once, new files in a folder, and a service that does the work.

const place = new Workplace();
afterAll(() => place.remove());
const quick = ['-p', 'cello', '--steps', '1', '-d', '1'];

beforeEach(() => {
  for (const name of place.files()) place.drop(name);
  for (const name of ['a.wav', 'b.wav', 'c.wav']) writeFileSync(place.path(name), silence());
});

describe('several files', () => {
  test('are transformed into a folder; what is there is skipped, and what fails does not stop the others', async () => {
    writeFileSync(place.path('b.wav'), 'no sound');
    const first = await place.retone('transform', 'a.wav', 'b.wav', 'c.wav', ...quick, '-o', 'out/', '-f', 'wav');
    expect(first.code).toBe(1);
    expect(first.stderr).toMatch(/retone: b\.wav: .*\n2 of 3 files done\nretone: 1 of 3 files failed: b\.wav/);
    expect(readdirSync(place.path('out'))).toEqual(['a.wav', 'c.wav']);

    const before = statSync(place.path('out/a.wav')).mtimeMs;
    writeFileSync(place.path('b.wav'), silence());
    // A pattern that no shell has expanded.
    const second = await place.retone('transform', '*.wav', ...quick, '-o', 'out', '-f', 'wav');
    expect(second.code).toBe(0);
    expect(second.stderr).toContain('1 of 3 files done, 2 skipped: their results exist');
    expect(readdirSync(place.path('out'))).toEqual(['a.wav', 'b.wav', 'c.wav']);
    expect(statSync(place.path('out/a.wav')).mtimeMs).toBe(before);
  });

  test.each([
    [['a.wav', 'b.wav'], /--output must name a folder/],
    [['a.wav', 'b.wav', '-o', 'c.wav'], /--output must be a folder/],
    [['*.flac', '-o', 'out/'], /there must be files that match/],
    [['a.wav', './a.wav', '-o', 'out/'], /files must have different names/],
    [['a.wav', 'b.wav', '-o', 'out/', '--steps', '0'], /steps/],
  ])('%j is a wrong command line', async (args, message) => {
    const { code, stderr } = await place.retone('transform', '-p', 'x', ...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

test('watch transforms what comes into a folder, once it is whole, and leaves results alone', async () => {
  mkdirSync(place.path('takes'));
  copyFileSync(place.path('a.wav'), place.path('takes/old.wav'));
  const watch = spawn(process.execPath, [main, 'watch', 'takes', ...quick], { cwd: place.folder });
  const lines = createInterface({ input: watch.stdout })[Symbol.asyncIterator]();
  const errors = createInterface({ input: watch.stderr })[Symbol.asyncIterator]();
  try {
    expect((await errors.next()).value).toBe('watching takes; Ctrl-C stops');
    renameSync(place.path('b.wav'), place.path('takes/new.wav'));
    expect((await lines.next()).value).toBe('takes/new.wav -> takes/new.retone.wav');
    writeFileSync(place.path('takes/broken.wav'), 'no sound');
    expect((await errors.next()).value).toMatch(/^retone: takes\/broken\.wav: /);
    expect(readdirSync(place.path('takes'))).toEqual(['broken.wav', 'new.retone.wav', 'new.wav', 'old.wav']);
  } finally {
    const code = new Promise((resolve) => watch.once('exit', resolve));
    watch.kill('SIGINT');
    expect(await code).toBe(0);
  }
});

describe('on a service', () => {
  const engine = new StubEngine();
  let running: Running;
  beforeEach(async () => {
    running ??= await startService({ engine });
  });
  afterAll(() => running.close());
  const on = (...args: string[]) => place.retoneWith({ RETONE_KEY: running.key }, ...args, '--server', running.url);

  test.each([
    [['transform', 'a.wav', '-n', '0.4'], { pipeline: 'audio-to-audio', initNoiseLevel: 0.4, seconds: 1 }],
    [
      ['inpaint', 'a.wav', '-r', '0.01-0.03', '-r', '0.05-0.07'],
      {
        pipeline: 'inpaint',
        regions: [
          { start: 0.01, end: 0.03 },
          { start: 0.05, end: 0.07 },
        ],
      },
    ],
    [['outpaint', 'a.wav', '--after', '1'], { pipeline: 'outpaint', secondsBefore: 0, secondsAfter: 1 }],
    [['generate', '-d', '2'], { pipeline: 'text-to-audio', seconds: 2 }],
  ])('%j', async (args, request) => {
    const { code, stdout } = await on(...args, '-p', 'cello', '--seed', '7', '-o', 'made.wav', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ output: 'made.wav', seed: 7 })]);
    expect(engine.requests.at(-1)).toMatchObject({ ...request, controls: { prompt: 'cello', seed: 7 } });
    expect(place.files()).toContain('made.wav');
  });

  test('says what is wrong', async () => {
    const wrong = [
      [['transform', 'a.wav', '-p', 'refuse'], 1, 'the engine refuses this'],
      [['transform', 'a.wav', '-p', 'x', '-d', '9999'], 1, 'duration must be'],
      [['transform', 'a.wav', '-p', 'x', '--threads', '2'], 2, '--threads must be left out with --server'],
      [['transform', 'a.wav', '-p', 'x', '--channels', 'downmix'], 2, '--channels must be left out with --server'],
      [['transform', 'none.wav', '-p', 'x'], 1, 'none.wav'],
    ] as const;
    for (const [args, code, message] of wrong) {
      expect(await on(...args)).toMatchObject({ code, stderr: expect.stringContaining(message) });
    }
    const keyless = await place.retone('generate', '-p', 'x', '--server', running.url);
    expect(keyless).toMatchObject({ code: 2, stderr: expect.stringContaining('RETONE_KEY') });
  });
});
