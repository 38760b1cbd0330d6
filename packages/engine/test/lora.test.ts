import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SafetensorsFile, type TensorToWrite, writeSafetensors } from '@retone/checkpoint';
import { type Adapter, Model, textToAudio } from '@retone/engine';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { relativeError } from '../src/fidelity.ts';
import { fixturesMissing, tinySmall } from './fixtures.ts';

describe.skipIf(fixturesMissing)('adapters', () => {
  let place: string;
  let folded: string;
  const lora = `${tinySmall}/lora/lora.safetensors`;
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'retone-lora-'));
  });
  beforeEach(() => {
    const cache = mkdtempSync(join(place, 'cache-'));
    vi.stubEnv('RETONE_CACHE', cache);
    folded = join(cache, 'folded');
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(place, { recursive: true });
  });

  const sound = async (...adapters: Adapter[]) => {
    const progress: number[] = [];
    const model = await Model.load(tinySmall, { adapters, onFold: (done) => progress.push(done) });
    const { data } = await textToAudio(model, { prompt: 'a cello', seconds: 1, steps: 1, seed: 1 });
    await model.release();
    return { bytes: Buffer.from(data.buffer), progress, folds: progress.filter((done) => done === 0).length };
  };

  test('are folded once for a set of them and their strengths', async () => {
    const plain = await sound();
    const first = await sound({ path: lora, strength: 1 });
    expect(first.folds).toBe(1);
    expect(first.progress).toEqual(first.progress.toSorted((a, b) => a - b));
    expect(first.progress.at(-1)).toBe(1);
    expect(first.bytes.equals(plain.bytes)).toBe(false);
    const again = await sound({ path: lora, strength: 1 });
    expect(again.folds).toBe(0);
    expect(again.bytes.equals(first.bytes)).toBe(true);
    for (const strength of [0.5, -1, 2]) {
      const other = await sound({ path: lora, strength });
      expect(other.folds).toBe(1);
      expect(other.bytes.equals(first.bytes)).toBe(false);
    }
    expect(readdirSync(folded)).toHaveLength(4);
  });

  /** The norm of what adapters change in a sound, in relation to the sound without them. */
  const change = async (...adapters: Adapter[]) => {
    const [plain, adapted] = [await sound(), await sound(...adapters)];
    const values = (bytes: Buffer) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    return relativeError(values(adapted.bytes), values(plain.bytes));
  };

  test.each(['dora-rows', 'dora-cols', 'bora', 'dora-rows-xs'])(
    'of type %s change little at a small strength',
    async (type) => {
      const path = `${tinySmall}/lora/${type}.safetensors`;
      expect(await change({ path, strength: 1e-5 })).toBeLessThan(1e-3);
      expect(await change({ path, strength: 1 })).toBeGreaterThan(1e-2);
    },
  );

  test('apply to layers that an earlier one leaves out', async () => {
    const filtered = { path: `${tinySmall}/lora/filtered.safetensors`, strength: 1 };
    const alone = await sound(filtered);
    expect((await sound(filtered, { path: lora, strength: 1 })).bytes.equals(alone.bytes)).toBe(false);
    expect(await change(filtered, { path: lora, strength: 1 })).toBeGreaterThan(1.2 * (await change(filtered)));
  });

  test('have parts that only training needs, and bases of their own', async () => {
    const own = SafetensorsFile.open(`${tinySmall}/lora/lora-xs.safetensors`);
    const { lora_config: config = '{}' } = own.metadata;
    const { rank } = JSON.parse(config);
    const weights = SafetensorsFile.open(`${tinySmall}/model.safetensors`);
    const tensors: TensorToWrite[] = [...own.tensors.values()].map((entry) => ({
      ...entry,
      bytes: () => own.read(entry),
    }));
    for (const { name } of own.tensors.values()) {
      if (!name.endsWith('M_xs')) continue;
      const layer = name.replace(/\.parametrizations.*/, '');
      const entry = [...weights.tensors.values()].find((each) => each.name.endsWith(`${layer}.weight`))!;
      const [rows, columns] = [entry.shape[0]!, entry.shape.slice(1).reduce((a, b) => a * b, 1)];
      const parts = { U: [rows, rank], V: [columns, rank], baked_vnorm_row: [rows], lora_dropout_mask: [1, columns] };
      for (const [part, shape] of Object.entries(parts)) {
        const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
        tensors.push({
          name: name.replace('M_xs', part),
          dtype: 'F32',
          shape,
          bytes: () => new Uint8Array(values.buffer),
        });
      }
    }
    const path = join(place, 'newest.safetensors');
    await writeSafetensors(path, tensors, { lora_config: config });
    for (const file of [own, weights]) file.close();
    // Bases of zeros: those of the file are used, and not those of the weight.
    expect(await change({ path, strength: 1 })).toBe(0);
  });

  test('that are pickles are refused by name', async () => {
    const adapters = [{ path: 'style.ckpt', strength: 1 }];
    await expect(Model.load(tinySmall, { adapters })).rejects.toThrow(
      /style\.ckpt is a pickle, .* must be a \.safetensors/,
    );
  });

  test('are given up when folding is ended, and nothing is left', async () => {
    const ended = new AbortController();
    const onFold = (done: number) => done > 0.3 && ended.abort();
    const adapters = [{ path: lora, strength: 1 }];
    await expect(Model.load(tinySmall, { adapters, onFold, signal: ended.signal })).rejects.toThrow(/aborted/);
    expect(readdirSync(folded)).toEqual([]);
    expect((await sound(...adapters)).folds).toBe(1);
  });

  test('of strength 0 leave the model as it is', async () => {
    expect((await sound({ path: lora, strength: 0 })).bytes.equals((await sound()).bytes)).toBe(true);
  });

  test('are kept within a limit: those that were not used for the longest time go', async () => {
    await sound({ path: lora, strength: 1 });
    const [first] = readdirSync(folded);
    const size = statSync(join(folded, first!)).size;
    vi.stubEnv('RETONE_FOLDED_GB', String((2.5 * size) / 1e9));
    await sound({ path: lora, strength: 2 });
    const second = readdirSync(folded).find((name) => name !== first)!;
    // Those just used would stay, whatever the limit.
    const earlier = new Date(Date.now() - 600_000);
    for (const name of [first!, second]) utimesSync(join(folded, name), earlier, earlier);
    await sound({ path: lora, strength: 1 });
    await sound({ path: lora, strength: 3 });
    expect(readdirSync(folded)).toHaveLength(2);
    expect(readdirSync(folded)).toContain(first);
    expect(readdirSync(folded)).not.toContain(second);
  });

  test('that do not fit the model are refused, naming the tensors', async () => {
    const path = join(place, 'other.safetensors');
    const file = SafetensorsFile.open(lora);
    const tensors = [...file.tensors.values()].map((entry, i): TensorToWrite => {
      // One of another width, and one of a layer that the model has not.
      if (i === 0)
        return {
          ...entry,
          shape: entry.shape.map((size) => 2 * size),
          bytes: () => new Uint8Array(4 * entry.byteLength),
        };
      const name = entry.name.replace('layers.1.', 'layers.31.');
      return { ...entry, name, bytes: () => file.read(entry) };
    });
    await writeSafetensors(path, tensors, file.metadata);
    file.close();
    const refused = sound({ path, strength: 1 });
    await expect(refused).rejects.toThrow(
      /the adapter other\.safetensors does not fit tiny-small: \S+ lora_[AB] is \[/,
    );
    await expect(refused).rejects.toThrow(/would have to be \[.*there is no layer \S*layers\.31\./);
    expect(existsSync(folded) ? readdirSync(folded) : []).toEqual([]);
  });

  test('that are none are refused', async () => {
    await expect(sound({ path: `${tinySmall}/model.safetensors`, strength: 1 })).rejects.toThrow(
      /is not an adapter that Retone knows/,
    );
    mkdirSync(join(place, 'folder'));
    await expect(sound({ path: join(place, 'folder'), strength: 1 })).rejects.toThrow(/is not a file/);
  });
});
