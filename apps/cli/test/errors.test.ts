import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findModel, SafetensorsFile } from '@retone/checkpoint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixturesMissing, tinySmall } from '../../../packages/engine/fixtures/fixtures.ts';
import { riff, Workplace } from './retone.ts';

let place: Workplace;
beforeAll(() => {
  place = new Workplace();
  writeFileSync(place.path('text.wav'), 'This is a letter and no sound at all.\n'.repeat(200));
  writeFileSync(place.path('empty.mp3'), '');
  writeFileSync(place.path('ten.mp3'), Buffer.from('fffb90640000000000ff', 'hex'));
  writeFileSync(place.path('three-hours.wav'), silentWav(3 * 3600, 4000));
  cpSync(findModel(), place.path('truncated'), { recursive: true });
  truncateSync(place.path('truncated/model.safetensors'), 1_000_000);
  cpSync(findModel(), place.path('unknown'), { recursive: true });
  const config = place.path('unknown/model_config.json');
  writeFileSync(config, readFileSync(config, 'utf8').replace('"number"', '"clap"'));
});
afterAll(() => place.remove());

/** An 8-bit mono wav of silence. */
function silentWav(seconds: number, rate: number): Buffer {
  const bytes = Buffer.alloc(44 + seconds * rate, 128);
  bytes.write('RIFF\0\0\0\0WAVEfmt ', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  for (const [offset, value] of [
    [16, 16],
    [24, rate],
    [28, rate],
    [40, seconds * rate],
  ] as const)
    bytes.writeUInt32LE(value, offset);
  for (const [offset, value] of [
    [20, 1],
    [22, 1],
    [32, 1],
    [34, 8],
  ] as const)
    bytes.writeUInt16LE(value, offset);
  bytes.write('data', 36, 'latin1');
  return bytes;
}

describe('what cannot be done is one line, an exit code, and leaves nothing behind', () => {
  test.each([
    ['a text file named .wav', ['transform', 'text.wav', '-p', 'x'], 1, /text\.wav is not an audio file/],
    ['an empty file', ['transform', 'empty.mp3', '-p', 'x'], 1, /empty\.mp3 is empty/],
    ['ten bytes of mp3', ['transform', 'ten.mp3', '-p', 'x'], 1, /ten\.mp3 is not an audio file/],
    ['three hours to encode', ['encode', 'three-hours.wav'], 1, /three-hours\.wav lasts 3 h/],
    ['a file that is not there', ['transform', 'none.wav', '-p', 'x'], 1, /none\.wav/],
    [
      'a truncated checkpoint',
      ['transform', riff, '-p', 'x', '-m', 'truncated'],
      1,
      /model\.safetensors has a bad entry.*truncated/,
    ],
    [
      'an unknown conditioner',
      ['transform', riff, '-p', 'x', '-m', 'unknown'],
      1,
      /conditioning\.configs\[1\]\.type must be "t5gemma", "number" or "structure" \(got "clap"\)/,
    ],
    [
      'a prompt of 100,000 characters',
      ['transform', riff, '-p', 'a'.repeat(100_000)],
      1,
      /the prompt must have at most 10000 characters \(got 100000\)/,
    ],
    [
      'an unknown model',
      ['transform', riff, '-p', 'x', '-m', 'nothing'],
      1,
      /no model "nothing"; installed: .*retone-small/,
    ],
    [
      'a level out of range',
      ['transform', riff, '-p', 'x', '-n', '2'],
      2,
      /noise level must be between 0 and 1 \(got 2\)/,
    ],
    [
      'a region beyond the end',
      ['inpaint', riff, '-p', 'x', '-r', '7-9'],
      1,
      /a region must end within the recording .*\(got 7-9 s\)/,
    ],
    ['no prompt', ['transform', riff], 2, /--prompt is missing/],
    ['no file', ['transform', '-p', 'x'], 2, /no file to work on/],
    ['an unknown command', ['transmute', riff], 2, /no command "transmute"; there are transform/],
    ['an unknown flag', ['transform', riff, '-p', 'x', '--loud'], 2, /--loud/],
    [
      'a number that is none',
      ['transform', riff, '-p', 'x', '--steps', 'many'],
      2,
      /--steps must be a number \(got "many"\)/,
    ],
    [
      'a region that is none',
      ['inpaint', riff, '-p', 'x', '-r', 'middle'],
      2,
      /--region must be seconds from-to, such as 2.5-4 \(got "middle"\)/,
    ],
    ['an unknown format', ['transform', riff, '-p', 'x', '-o', 'x.mid'], 2, /"x\.mid".*mp3/],
    ['a folder that is not there', ['transform', riff, '-p', 'x', '-o', join('no', 'x.mp3')], 2, /no folder "no"/],
  ] as const)('%s', async (_, args, code, message) => {
    const before = place.files();
    const outcome = await place.retone(...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(outcome.stdout).toBe('');
    expect(outcome.code).toBe(code);
    expect(place.files()).toEqual(before);
  });

  test('with --json, errors are JSON too', async () => {
    const { code, stdout } = await place.retone('transform', 'empty.mp3', '-p', 'x', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'empty', message: expect.stringContaining('empty.mp3 is empty') },
    });
  });
});

describe.skipIf(fixturesMissing)('weights that are not numbers', () => {
  /** Copies a safetensors file with the values of one tensor replaced by NaN, or by infinity. */
  function spoil(from: string, to: string, name: RegExp, { inner = '', infinite = false } = {}): void {
    cpSync(from, to, { recursive: true });
    const path = to.endsWith('.safetensors') ? to : join(to, inner, 'model.safetensors');
    const file = SafetensorsFile.open(path);
    const { dtype, offset, byteLength } = [...file.tensors.values()].find((entry) => name.test(entry.name))!;
    file.close();
    const bytes = readFileSync(path);
    const nan = dtype === 'F32' ? [0, 0, infinite ? 0x80 : 0xc0, 0x7f] : [0, infinite ? 0x7c : 0x7e];
    for (let i = 0; i < byteLength; i++) bytes[offset + i] = nan[i % nan.length]!;
    writeFileSync(path, bytes);
  }

  test.each([
    ['transformer', /layers\.1\.ff\.ff\.2\.weight/, 'exact', /the sampled latents came out as NaN/],
    ['transformer', /layers\.1\.ff\.ff\.2\.weight/, 'fast', /the sampled latents came out as NaN/],
    ['encoder', /pretransform\.model\.encoder.*to_out\.weight/, 'exact', /the encoded recording came out as NaN/],
    ['decoder', /pretransform\.model\.decoder.*to_out\.weight/, 'fast', /the decoded audio came out as NaN/],
    ['conditioner', /padding_embedding/, 'exact', /the encoded prompt came out as NaN/],
    ['text-encoder', /encoder\.layers\.0\..*o_proj\.weight/, 'balanced', /the encoded prompt came out as NaN/],
    ['infinite-transformer', /layers\.1\.ff\.ff\.2\.weight/, 'balanced', /the sampled latents came out as NaN/],
  ] as const)('of the %s are an error and no silence: %s, %s', async (part, name, precision, message) => {
    const inner = part === 'text-encoder' ? 't5gemma-b-b-ul2' : '';
    spoil(tinySmall, place.path(`nan-${part}`), name, { inner, infinite: part.startsWith('infinite') });
    const args = ['transform', riff, '-p', 'x', '-d', '1', '-m', `./nan-${part}`, '--precision', precision];
    const { code, stderr } = await place.retone(...args, '-o', 'nan.wav');
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    expect(place.files()).not.toContain('nan.wav');
    place.drop(`nan-${part}`);
  });

  test('of an adapter too', async () => {
    spoil(`${tinySmall}/lora/lora.safetensors`, place.path('nan.safetensors'), /lora_B/);
    const args = ['generate', '-p', 'x', '-d', '1', '-m', tinySmall, '--lora', 'nan.safetensors', '-o', 'nan.wav'];
    const { code, stderr } = await place.retone(...args);
    expect(stderr).toMatch(/came out as NaN or infinity; weights of the model or of an adapter must be damaged/);
    expect(code).toBe(1);
    place.drop('nan.safetensors');
  });
});

test('help lists the commands and their flags', async () => {
  expect((await place.retone()).stdout).toMatch(/transform.*\n.*generate/s);
  const { stdout, code } = await place.retone('transform', '--help');
  expect(code).toBe(0);
  expect(stdout).toContain('--init-noise-level <0-1>');
});
