import { cpSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixturesMissing, tinySmall } from '../../../packages/engine/fixtures/fixtures.ts';
import { Workplace } from './retone.ts';

// Flags that lead sampling, with the smallest of the fixtures.

describe.skipIf(fixturesMissing)('flags of guidance and schedule', () => {
  let place: Workplace;
  const args = ['generate', '-m', 'tiny-small', '-p', 'rain', '-d', '1', '--steps', '2', '--seed', '1'];
  const guided = ['--guidance-scale', '3'];
  const make = async (...more: string[]) => {
    const outcome = await place.retone(...args, '--precision', 'exact', '-o', 'x.wav', '--overwrite', ...more);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    return readFileSync(place.path('x.wav'));
  };
  let plain: Buffer;
  let unbounded: Buffer;
  beforeAll(async () => {
    place = new Workplace();
    cpSync(tinySmall, place.path('tiny-small'), { recursive: true });
    plain = await make();
    unbounded = await make(...guided);
  });
  afterAll(() => place.remove());

  test.each([
    [['--guidance-rescale', '0.7']],
    [['--guidance-interval', '0-0.9']],
    [['--guidance-norm-threshold', '0.5']],
    [['--apg-scale', '0']],
    [['--unconditional', 'padding']],
    [['--shift', 'logsnr:rate=0,logsnr_end=1']],
  ])('%j change the result', async (flags) => {
    expect((await make(...guided, ...flags)).equals(unbounded)).toBe(false);
  });

  test('an interval without a step means no guidance', async () => {
    expect((await make(...guided, '--guidance-interval', '0-0.001')).equals(plain)).toBe(true);
  });

  test.each([
    [['--guidance-interval', '1-0'], /--guidance-interval must be noise levels from-to .* \(got "1-0"\)/],
    [['--guidance-rescale', '2'], /the guidance rescale must be between 0 and 1 \(got 2\)/],
    [['--unconditional', 'x'], /--unconditional must be zeros or padding \(got "x"\)/],
    [['--shift', 'flux:foo=1'], /--shift flux has no key foo; it has min_length/],
    [['--shift', 'cosine'], /type must be "none", "flux", "full" or "logsnr"/],
    [['--lora', 'x.safetensors:1@2-3'], /--lora x\.safetensors must be noise levels from-to/],
  ])('%j are refused before anything is loaded', async (flags, message) => {
    const outcome = await place.retone(...args, ...flags);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.code).toBe(2);
  });

  test('an adapter counts at its noise levels, and leaves excluded layers as they are', async () => {
    const lora = 'tiny-small/lora/lora.safetensors';
    const exclude = ['--lora-exclude', 'seconds_total'];
    expect((await make('--lora', `${lora}:1@0-0.001`, ...exclude)).equals(plain)).toBe(true);
    expect((await make('--lora', `${lora}:1@0.5-1`, ...exclude)).equals(plain)).toBe(false);
  });
});
