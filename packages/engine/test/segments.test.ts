import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint, SafetensorsFile, Weights, writeSafetensors } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import { afterEach, describe, expect, test } from 'vitest';
import { fixture as folderOf, present } from '../fixtures/fixtures.ts';
import type { PieceSize } from '../src/pretransforms/pieces.ts';
import { Same, type SameOptions } from '../src/pretransforms/same.ts';
import { columns } from '../src/tensors.ts';

const published = { frames: 128, overlap: 32 };

function autoencoder(fixture: string, options: SameOptions): Same {
  const { config, file } = openCheckpoint(folderOf(fixture));
  const { pretransform } = config.model;
  if (pretransform.type === 'spectral') throw new Error('not an autoencoder');
  return new Same(pretransform.config, new Weights(file), 'pretransform.model', options);
}

let folder: string | undefined;
afterEach(() => folder && rmSync(folder, { recursive: true, force: true }));

/** The autoencoder of tiny-medium with `feat_scale` in all layers. */
async function meanOverTime(options: SameOptions): Promise<Same> {
  const { config, file } = openCheckpoint(folderOf('tiny-medium'));
  const { pretransform } = config.model;
  if (pretransform.type === 'spectral') throw new Error('not an autoencoder');
  const same = structuredClone(pretransform.config);
  const own = [...file.tensors.values()].map((entry) => ({ ...entry, bytes: () => file.read(entry) }));
  const added = ['encoder', 'decoder'].flatMap((side) =>
    own
      .filter(({ name }) => name.startsWith(`pretransform.model.${side}`) && name.endsWith('self_attn.to_out.weight'))
      .flatMap(({ name, shape }) =>
        ['lambda_dc', 'lambda_hf'].map((part) => {
          const values = new Float32Array(shape[0]!).fill(0.5);
          const place = name.replace('to_out.weight', part);
          return { name: place, dtype: 'F32' as const, shape: [shape[0]!], bytes: () => new Uint8Array(values.buffer) };
        }),
      ),
  );
  same.encoder.config.feat_scale = true;
  same.decoder.config.feat_scale = true;
  folder = mkdtempSync(join(tmpdir(), 'retone-segments-'));
  const path = join(folder, 'model.safetensors');
  await writeSafetensors(path, [...own, ...added]);
  return new Same(same, new Weights(SafetensorsFile.open(path)), 'pretransform.model', options);
}

function sweep(frames: number): Tensor {
  const data = new Float32Array(2 * frames * 4096);
  for (let i = 0; i < data.length; i++) data[i] = 0.5 * Math.sin(i * 0.05) + 0.3 * Math.sin(i * i * 1e-6);
  return { data, shape: [2, frames * 4096] };
}

/** Largest difference, in relation to the largest value. */
function difference(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  const peak = a.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0) / peak;
}

describe('coding in segments gives what coding whole gives', () => {
  const cases: [fixture: string, frames: number, pieces: PieceSize | undefined][] = [
    ['tiny-small', 130, undefined],
    // An odd length ends between two chunks.
    ['tiny-small', 161, published],
    ['tiny-base', 77, undefined],
    ['tiny-medium', 161, undefined],
    ['tiny-medium', 300, published],
  ];

  test.each(present(cases))('%s, %i frames, pieces %o', async (fixture, frames, pieces) => {
    const whole = autoencoder(fixture, { segments: false, pieces });
    const segmented = autoencoder(fixture, { pieces });
    const audio = sweep(frames);
    // The whole may come out a frame longer, where its last chunk is padded.
    const latents = columns(await whole.encode(audio), 0, frames);
    expect(difference(latents, await segmented.encode(audio))).toBeLessThan(2e-5);
    const decoded = columns(await whole.decode(latents), 0, frames * 4096);
    expect(difference(decoded, columns(await segmented.decode(latents), 0, frames * 4096))).toBeLessThan(3e-5);
  });

  test('layers with a mean over time are not cut into segments', async () => {
    // With a window and `feat_scale`, every token depends on the whole piece.
    const options = { pieces: published };
    const whole = await meanOverTime({ ...options, segments: false });
    const segmented = await meanOverTime(options);
    const latents = await whole.encode(sweep(161));
    expect(await segmented.encode(sweep(161))).toEqual(latents);
    expect(await segmented.decode(latents)).toEqual(await whole.decode(latents));
  });

  test('what is wanted alone is coded, and comes out the same', async () => {
    const same = autoencoder('tiny-small', { pieces: published });
    const latents = await same.encode(sweep(160));
    const all = await same.decode(latents);
    let parts = 0;
    const some = await same.decode(latents, { frames: 60, onProgress: () => parts++ });
    expect(columns(some, 0, 60 * 4096).data).toEqual(columns(all, 0, 60 * 4096).data);
    expect(parts).toBe(2);
  });

  test('an encoder computes its last layer for the tokens that it gives out', async () => {
    // Probes make every inner value visible, so nothing is left out then.
    const audio = sweep(40);
    const probed = await autoencoder('tiny-small', { probes: true }).encode(audio);
    expect(difference(probed, await autoencoder('tiny-small', {}).encode(audio))).toBeLessThan(1e-6);
  });

  test('a silent tail, which is coded once, comes out the same', async () => {
    const same = autoencoder('tiny-small', { pieces: published });
    const audio = sweep(400);
    for (const channel of [0, 1]) audio.data.fill(0, (400 * channel + 100) * 4096, 400 * (channel + 1) * 4096);
    const padded = await same.encode(audio);
    const whole = await autoencoder('tiny-small', { pieces: published, segments: false }).encode(audio);
    expect(difference(whole, padded)).toBeLessThan(1e-6);
  });

  test('stops between two segments', async () => {
    const same = autoencoder('tiny-small', { pieces: published });
    const stop = new AbortController();
    const run = same.encode(sweep(200), { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(run).rejects.toThrow('aborted');
  });
});
