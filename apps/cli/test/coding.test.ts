import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { decodeAudio, encodeAudio } from '@retone/audio';
import { findModel, openCheckpoint, SafetensorsFile, writeSafetensors } from '@retone/checkpoint';
import { elementsOf } from '@retone/common';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixturesMissing, tinySmall } from '../../../packages/engine/fixtures/fixtures.ts';
import { riff, Workplace } from './retone.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

/** Channels of the built-in model's latents. */
const builtIn = openCheckpoint(findModel());
builtIn.close();
const { io_channels: channels } = builtIn.config.model.diffusion.config;

test.each(['latents.safetensors', 'latents.npy'])('a recording becomes %s and audio again', async (name) => {
  const encoded = await place.retone('encode', riff, '-o', name, '--json');
  expect(encoded.stderr).toBe('');
  expect(JSON.parse(encoded.stdout)).toMatchObject({
    output: name,
    shape: [channels, 173],
    seconds: 8,
    model: 'retone-small',
  });
  const decoded = JSON.parse((await place.retone('decode', name, '-o', 'x.wav', '--json')).stdout);
  // NumPy's files do not say how much of the last frame is sound.
  expect(decoded.seconds).toBeCloseTo(name.endsWith('.npy') ? (173 * 2048) / 44100 : 8, 6);
  expect((await decodeAudio(place.path('x.wav'))).channels[0]!.length).toBe(Math.round(decoded.seconds * 44100));
});

test.skipIf(fixturesMissing)('an odd number of frames is coded to the end as an even one', async () => {
  // SAME-S codes two frames together, and long sequences in pieces from the end.
  const channel = Float32Array.from({ length: 157 * 4096 - 100 }, (_, i) => 0.4 * Math.sin(i * 0.03 + i * i * 1e-9));
  const padded = Float32Array.from({ length: 158 * 4096 }, (_, i) => channel[i] ?? 0);
  for (const [name, sound] of Object.entries({ odd: channel, even: padded })) {
    const file = await encodeAudio({ sampleRate: 44100, channels: [sound, sound] }, 'wav', { bitDepth: 32 });
    writeFileSync(place.path(`${name}.wav`), file);
    await place.retone('encode', `${name}.wav`, '-m', tinySmall, '-o', `${name}.safetensors`);
    await place.retone('decode', `${name}.safetensors`, '-m', tinySmall, '-o', `${name}.decoded.wav`);
  }
  const [odd, even] = [
    await decodeAudio(place.path('odd.decoded.wav')),
    await decodeAudio(place.path('even.decoded.wav')),
  ];
  expect(odd.channels[0]!.length).toBe(channel.length);
  expect(odd.channels[0]).toEqual(even.channels[0]!.slice(0, channel.length));
});

test('arrays are written as numpy.save writes them', async () => {
  await place.retone('encode', riff, '-o', 'x.npy');
  const file = readFileSync(place.path('x.npy'));
  expect(file.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
  const start = 10 + file.readUInt16LE(8);
  expect(start % 64).toBe(0);
  expect(file.toString('latin1', 10, start)).toMatch(
    new RegExp(`^\\{'descr': '<f4', 'fortran_order': False, 'shape': \\(${channels}, 173\\), \\} *\n$`),
  );
  expect(file.length - start).toBe(channels * 173 * 4);
});

test('arrays in half precision and with a batch of one, as the reference may write them, are read', async () => {
  const shape = [1, channels, 4];
  const header = `{'descr': '<f2', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117).concat('\n');
  const values = Float16Array.from({ length: elementsOf(shape) }, (_, i) => Math.sin(i));
  const prefix = Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1');
  writeFileSync(place.path('half.npy'), Buffer.concat([prefix, Buffer.from(header), Buffer.from(values.buffer)]));
  const { code, stdout } = await place.retone('decode', 'half.npy', '-o', 'x.wav', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout).seconds).toBeCloseTo((4 * 2048) / 44100, 6);
});

test.each([
  [
    'a name that is none',
    ['encode', riff, '-o', 'x.pt'],
    2,
    /a file of latents must end in \.safetensors or \.npy \(got "x\.pt"\)/,
  ],
  ['a folder that is not there', ['encode', riff, '-o', 'no/x.npy'], 2, /no folder "no"/],
  [
    'a file that is not an array',
    ['decode', 'text.npy'],
    1,
    /text\.npy is not an \.npy file; .* as numpy\.save writes it/,
  ],
  ['a file that is not there', ['decode', 'nothing.npy'], 1, /there is no file nothing\.npy/],
  ['what holds no numbers', ['decode', 'nan.safetensors'], 1, /nan\.safetensors has values that are infinite or no/],
  [
    'a safetensors file of something else',
    ['decode', 'other.safetensors'],
    1,
    /other\.safetensors has no tensor "latents" of floats; it has a,b/,
  ],
  [
    'latents of another model',
    ['decode', 'wide.safetensors'],
    1,
    new RegExp(`the latents must have the shape \\[${channels}, frames\\] \\(got \\[64,4\\]\\)`),
  ],
] as const)('%s is refused in words', async (_, args, code, message) => {
  writeFileSync(place.path('text.npy'), 'not an array at all');
  const tensor = (name: string, shape: number[], value = 0) => {
    const values = new Float32Array(elementsOf(shape)).fill(value);
    return { name, dtype: 'F32', shape, bytes: () => new Uint8Array(values.buffer) } as const;
  };
  await writeSafetensors(place.path('other.safetensors'), [tensor('a', [1]), tensor('b', [1])]);
  await writeSafetensors(place.path('wide.safetensors'), [tensor('latents', [64, 4])]);
  await writeSafetensors(place.path('nan.safetensors'), [tensor('latents', [channels, 4], Number.NaN)]);
  const outcome = await place.retone(...args);
  expect(outcome.stderr).toMatch(message);
  expect(outcome.code).toBe(code);
});

describe.skipIf(fixturesMissing)('an autoencoder that is published alone', () => {
  test('codes as the diffusion model that it is part of', async () => {
    await standAlone(tinySmall, place.path('SAME-T'));
    const encode = async (model: string, output: string) => {
      expect((await place.retone('encode', riff, '-m', model, '-o', output)).stderr).toBe('');
      return readFileSync(place.path(output));
    };
    expect((await encode('SAME-T', 'a.npy')).equals(await encode(tinySmall, 'b.npy'))).toBe(true);
    expect((await place.retone('models', 'info', './SAME-T')).stdout).toMatch(/SAME-T\n {2}autoencoder alone\n/);
  });

  test('cannot transform, and says so', async () => {
    await standAlone(tinySmall, place.path('SAME-T'));
    const { code, stderr } = await place.retone('transform', riff, '-p', 'x', '-m', './SAME-T');
    expect(code).toBe(1);
    expect(stderr).toMatch(/SAME-T.* is an autoencoder without a diffusion model.*retone encode and retone decode/);
  });
});

/** Writes the autoencoder of a checkpoint in the form in which SAME-S and SAME-L are published. */
async function standAlone(checkpoint: string, folder: string): Promise<void> {
  mkdirSync(folder);
  cpSync(`${checkpoint}/model_config.json`, `${folder}/whole.json`);
  const { model, sample_rate } = JSON.parse(readFileSync(`${folder}/whole.json`, 'utf8'));
  writeFileSync(`${folder}/model_config.json`, JSON.stringify({ sample_rate, model: model.pretransform.config }));
  const file = SafetensorsFile.open(`${checkpoint}/model.safetensors`);
  const prefix = 'pretransform.model.';
  const own = [...file.tensors.values()].filter(({ name }) => name.startsWith(prefix));
  await writeSafetensors(
    `${folder}/model.safetensors`,
    own.map((entry) => ({ ...entry, name: entry.name.slice(prefix.length), bytes: () => file.read(entry) })),
  );
  file.close();
}
