import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixturesMissing, tinySmall } from '../../../packages/engine/fixtures/fixtures.ts';
import { ServiceProcess } from './processes/process.ts';
import { riff, Workplace } from './retone.ts';

// One seed, one result: the same bytes whatever the number of threads, with compiled graphs that are new or old, and from
// the service as from the command line.

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

const cases: [precision: string, model: string, flags: string[]][] = [
  ['fast', 'the built-in model', []],
  ['balanced', 'the built-in model', []],
  ['exact', 'the built-in model', []],
  // SAME instead of the spectral pretransform.
  ['fast', 'tiny-small', ['-m', tinySmall]],
];

describe('the command line', () => {
  const there = cases.filter(([, name]) => name !== 'tiny-small' || !fixturesMissing);
  test.each(there)(
    'gives the same bytes with --precision %s and %s',
    { timeout: 300_000 },
    async (precision, _, model) => {
      const make = async (threads: number, cache: string) => {
        const output = `${threads}-${cache}.wav`;
        const given = ['-p', 'bowed cello', '-d', '2', '--seed', '7', '--steps', '4', '-o', output];
        const options = ['--precision', precision, '--threads', String(threads), '--json', ...model];
        const { stdout } = await place.retoneWith(
          { RETONE_CACHE: place.path(cache) },
          'transform',
          riff,
          ...given,
          ...options,
        );
        expect(JSON.parse(stdout)).toMatchObject({ precision });
        return readFileSync(place.path(output));
      };
      const first = await make(1, 'a');
      expect((await make(2, 'a')).equals(first)).toBe(true);
      // Calibrated and compiled again, with another number of threads.
      expect((await make(3, 'b')).equals(first)).toBe(true);
    },
  );
});

describe.each(['fast', 'balanced', 'exact'])('the service in %s', (precision) => {
  const data = mkdtempSync(join(tmpdir(), 'retone-reproducible-'));
  const service = new ServiceProcess('serve', { RETONE_DATA: data, RETONE_PRECISION: precision });
  afterAll(async () => {
    await service.stop();
    rmSync(data, { recursive: true, force: true });
  });

  test('gives the bytes that the command line gives', async () => {
    const given = ['-p', 'rain on a roof', '-d', '2', '--seed', '9', '--precision', precision];
    await place.retone('generate', ...given, '-o', 'x.mp3');
    expect(await service.start()).toBe(true);
    const answer = await fetch(`${service.url}/api/v3/stability-ai/stable-audio-3/text-to-audio`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'rain on a roof', duration: 2, seed: 9, enable_sync_mode: true }),
    });
    const { data: task } = (await answer.json()) as { data: { outputs: string[] } };
    const bytes = Buffer.from(await (await fetch(task.outputs[0]!)).arrayBuffer());
    expect(bytes.equals(readFileSync(place.path('x.mp3')))).toBe(true);
  });
});
