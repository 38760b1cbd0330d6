import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SafetensorsFile, type TensorToWrite, writeSafetensors } from '@retone/checkpoint';
import { type Adapter, loadModel, textToAudio } from '@retone/engine';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { fixturesMissing, tinySmall } from '../fixtures/fixtures.ts';
import { relativeError } from '../src/fidelity.ts';

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
    const warnings: string[] = [];
    const model = await loadModel(tinySmall, {
      adapters,
      onFold: (done) => progress.push(done),
      onFallback: (warning) => warnings.push(warning),
    });
    const { data } = await textToAudio(model, { prompt: 'a cello', seconds: 1, steps: 1, seed: 1 });
    await model.release();
    return {
      warnings,
      bytes: Buffer.from(data.buffer),
      progress,
      folds: progress.filter((done) => done === 0).length,
    };
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

  /** A copy of an adapter with the names, shapes and further tensors that another program gives it. */
  const written = async (
    name: string,
    type: string,
    rename: (layer: string, part: string, shape: readonly number[]) => { name: string; shape?: number[] },
    alpha?: (layer: string) => string,
  ) => {
    const file = SafetensorsFile.open(`${tinySmall}/lora/${type}.safetensors`);
    const layers = new Set<string>();
    const tensors = [...file.tensors.values()].map((entry): TensorToWrite => {
      const [layer, part] = entry.name.split('.parametrizations.weight.0.') as [string, string];
      layers.add(layer);
      const { name, shape = entry.shape } = rename(layer, part, entry.shape);
      return { name, dtype: entry.dtype, shape, bytes: () => file.read(entry) };
    });
    const scale = new Uint8Array(Float32Array.of(4.5).buffer);
    for (const layer of alpha ? layers : [])
      tensors.push({ name: alpha!(layer), dtype: 'F32', shape: [], bytes: () => scale });
    mkdirSync(join(place, name, '..'), { recursive: true });
    await writeSafetensors(join(place, name), tensors, {});
    file.close();
    return join(place, name);
  };
  const peftParts: Record<string, string> = {
    lora_A: 'lora_A.weight',
    lora_B: 'lora_B.weight',
    magnitude: 'lora_magnitude_vector',
  };
  const peftName = (layer: string, part: string) => ({
    name: `base_model.model.${layer.replace(/^model\./, '')}.${peftParts[part]}`,
  });
  const peftConfig = { peft_type: 'LORA', r: 3, lora_alpha: 4.5, target_modules: ['to_qkv'], bias: 'none' };

  test.each(['lora', 'dora-rows'])('of PEFT give the bytes of those of the same values (%s)', async (type) => {
    const path = join(await written(`peft-${type}/adapter_model.safetensors`, type, peftName), '..');
    writeFileSync(join(path, 'adapter_config.json'), JSON.stringify({ ...peftConfig, use_dora: type !== 'lora' }));
    const own = await sound({ path: `${tinySmall}/lora/${type}.safetensors`, strength: 0.7 });
    expect((await sound({ path, strength: 0.7 })).bytes.equals(own.bytes)).toBe(true);
    // Its file alone finds the configuration beside it.
    const file = join(path, 'adapter_model.safetensors');
    expect((await sound({ path: file, strength: 0.7 })).bytes.equals(own.bytes)).toBe(true);
    // Rank-stabilised: alpha over the root of the rank.
    const ranked = { ...peftConfig, lora_alpha: 4.5 / Math.sqrt(3), use_rslora: true };
    writeFileSync(join(path, 'adapter_config.json'), JSON.stringify(ranked));
    const stable = await sound({ path, strength: 0.7 });
    const values = (bytes: Buffer) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    expect(relativeError(values(stable.bytes), values(own.bytes))).toBeLessThan(1e-5);
  });

  test.each(['lora', 'dora-rows'])(
    'of kohya and LyCORIS give the bytes of those of the same values (%s)',
    async (type) => {
      const parts: Record<string, string> = {
        lora_A: 'lora_down.weight',
        lora_B: 'lora_up.weight',
        magnitude: 'dora_scale',
      };
      const flat = (layer: string) => `lora_unet_${layer.replace(/^model\./, '').replaceAll('.', '_')}`;
      const path = await written(
        `kohya-${type}.safetensors`,
        type,
        (layer, part, shape) => ({
          name: `${flat(layer)}.${parts[part]}`,
          shape: part === 'magnitude' ? [...shape, 1] : [...shape],
        }),
        (layer) => `${flat(layer)}.alpha`,
      );
      const own = await sound({ path: `${tinySmall}/lora/${type}.safetensors`, strength: 1 });
      expect((await sound({ path, strength: 1 })).bytes.equals(own.bytes)).toBe(true);
    },
  );

  test.each<[string, (layer: string) => string, RegExp]>([
    ['LoHa', (layer) => `${layer}.hada_w1_a`, /must be an adapter of LoRA or DoRA for linear layers \(got LoHa\)/],
    ['LoKr', (layer) => `${layer}.lokr_w1`, /must be an adapter of LoRA or DoRA for linear layers \(got LoKr\)/],
    [
      'of another model',
      (layer) => `lora_unet_down_${layer.replaceAll('.', '_')}_0.lora_down.weight`,
      /one half of the adapter/,
    ],
  ])('of other kinds are refused by name (%s)', async (kind, name, message) => {
    const path = await written(`other-${kind}.safetensors`, 'lora', (layer, part) => ({
      name: part === 'lora_A' ? name(layer) : `${layer}.${part}.weight`,
    }));
    await expect(sound({ path, strength: 1 })).rejects.toThrow(message);
  });

  test('of PEFT for another model are refused, naming its layers', async () => {
    const path = await written('stranger.safetensors', 'lora', (layer, part) => ({
      name: `base_model.model.unet.down.${layer.replaceAll('.', '-')}.${peftParts[part]}`,
    }));
    await expect(sound({ path, strength: 1 })).rejects.toThrow(
      /stranger\.safetensors does not fit tiny-small: there is no layer base_model\.model\.unet\.down\./,
    );
  });

  test('of a method of PEFT that is not LoRA are refused, with the key', async () => {
    const path = join(await written('ia3/adapter_model.safetensors', 'lora', peftName), '..');
    writeFileSync(join(path, 'adapter_config.json'), JSON.stringify({ ...peftConfig, peft_type: 'IA3' }));
    await expect(sound({ path, strength: 1 })).rejects.toThrow(
      /adapter_config\.json: peft_type must be "LORA" \(got "IA3"\)/,
    );
  });

  test('adapt the transformer at their noise levels alone, and leave layers that are excluded as they are', async () => {
    const whole = await sound({ path: lora, strength: 1 });
    const plain = await sound();
    // One step, at level 1.
    const early = { path: lora, strength: 1, range: { from: 0.5, to: 1 } };
    expect((await sound(early)).bytes.equals(whole.bytes)).toBe(true);
    const late = { path: lora, strength: 1, range: { from: 0, to: 0.5 } };
    const conditioners = await sound({ path: lora, strength: 1, exclude: ['model.'] });
    expect((await sound(late)).bytes.equals(conditioners.bytes)).toBe(true);
    expect(conditioners.bytes.equals(plain.bytes)).toBe(false);
    expect((await sound({ ...late, exclude: ['conditioners'] })).bytes.equals(plain.bytes)).toBe(true);
    await expect(sound({ ...late, range: { from: 0.5, to: 0.2 } })).rejects.toThrow(
      "an adapter's range must be noise levels between 0 and 1, the lower one first (got 0.5-0.2)",
    );
  });

  test("of which two change the duration's layer are warned of, unless it is excluded", async () => {
    const two = [
      { path: lora, strength: 1 },
      { path: `${tinySmall}/lora/dora-rows.safetensors`, strength: 0.5 },
    ];
    const warning = /^2 adapters change conditioners\.seconds_total\.embedder\.embedding\.1, .* silence; exclude/;
    expect((await sound(...two)).warnings).toEqual([expect.stringMatching(warning)]);
    expect((await sound(two[0]!)).warnings).toEqual([]);
    expect((await sound(...two.map((each) => ({ ...each, exclude: ['seconds_total'] })))).warnings).toEqual([]);
  });

  test('that are pickles are refused by name', async () => {
    const adapters = [{ path: 'style.ckpt', strength: 1 }];
    await expect(loadModel(tinySmall, { adapters })).rejects.toThrow(
      /style\.ckpt is a pickle, .* must be a \.safetensors/,
    );
  });

  test('are given up when folding is ended, and nothing is left', async () => {
    const ended = new AbortController();
    const onFold = (done: number) => done > 0.3 && ended.abort();
    const adapters = [{ path: lora, strength: 1 }];
    await expect(loadModel(tinySmall, { adapters, onFold, signal: ended.signal })).rejects.toThrow(/aborted/);
    expect(readdirSync(folded)).toEqual([]);
    expect((await sound(...adapters)).folds).toBe(1);
  });

  test('of strength 0 leave the model as it is', async () => {
    expect((await sound({ path: lora, strength: 0 })).bytes.equals((await sound()).bytes)).toBe(true);
  });

  test('are kept within a limit: the least recently used ones are evicted', async () => {
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
    await expect(sound({ path: join(place, 'folder'), strength: 1 })).rejects.toThrow(
      /folder is not an adapter of PEFT: it has no adapter_model\.safetensors/,
    );
  });
});
