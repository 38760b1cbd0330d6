import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fixturesMissing, tinySmall } from '../fixtures/fixtures.ts';
import { compiledFolder } from '../src/backends/compiled.ts';
import { loadModel } from '../src/load.ts';
import { textToAudio } from '../src/pipelines.ts';

let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'retone-compiled-'));
  process.env.RETONE_CACHE = cache;
});
afterEach(() => rmSync(cache, { recursive: true }));

/** Loads the model and generates a sound; returns whether the model had to be compiled. */
async function use(): Promise<{ compiled: boolean; sound: Float32Array }> {
  let compiled = false;
  const model = await loadModel(tinySmall, {
    precision: 'fast',
    onCompile() {
      compiled = true;
    },
  });
  const { data: sound } = await textToAudio(model, { prompt: 'rain', seconds: 0.5, seed: 3, steps: 2 });
  await model.release();
  return { compiled, sound };
}

/** The files of the compiled step. */
function stepFile(name: string): string {
  const [model] = readdirSync(compiledFolder());
  return join(compiledFolder(), model!, 'fast', 'dit-step', name);
}

describe.skipIf(fixturesMissing)('compiled models', () => {
  test('are made once, and used again', async () => {
    const first = await use();
    const second = await use();
    expect([first.compiled, second.compiled]).toEqual([true, false]);
    expect(second.sound).toEqual(first.sound);
  });

  test('are made again where files were deleted, cut or changed', async () => {
    const { sound } = await use();
    const damages: Record<string, () => void> = {
      deleted: () => rmSync(stepFile('graph.weights')),
      cut: () => truncateSync(stepFile('graph.weights'), 1000),
      changed() {
        const bytes = readFileSync(stepFile('graph.weights'));
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(stepFile('graph.weights'), bytes);
      },
      unsealed: () => writeFileSync(stepFile('seal.json'), '{'),
    };
    for (const [what, damage] of Object.entries(damages)) {
      damage();
      const again = await use();
      expect(again.compiled, what).toBe(true);
      expect(again.sound, what).toEqual(sound);
    }
  });

  test('are used though they were copied, which changes their times', async () => {
    await use();
    utimesSync(stepFile('graph.weights'), new Date(), new Date());
    expect((await use()).compiled).toBe(false);
  });

  test('are evicted, the least recently used first, when there is no room; a loaded one stays usable', async () => {
    const model = await loadModel(tinySmall, { precision: 'fast' });
    const make = async () => (await textToAudio(model, { prompt: 'rain', seconds: 0.5, seed: 3, steps: 2 })).data;
    const before = await make();
    const [first] = readdirSync(compiledFolder());
    const long = new Date(Date.now() - 3_600_000);
    utimesSync(join(compiledFolder(), first!), long, long);
    vi.stubEnv('RETONE_COMPILED_GB', '1e-6');
    const adapters = [{ path: `${tinySmall}/lora/lora.safetensors`, strength: 1 }];
    await (await loadModel(tinySmall, { precision: 'fast', adapters })).release();
    vi.unstubAllEnvs();
    expect(readdirSync(compiledFolder())).toHaveLength(1);
    expect(readdirSync(compiledFolder())).not.toContain(first);
    expect(await make()).toEqual(before);
    await model.release();
  });

  test('are measured against fp32, and left for a more exact precision where they are too far from it', async () => {
    const load = async () => {
      const notes: string[] = [];
      const model = await loadModel(tinySmall, { precision: 'fast', onFallback: (note) => notes.push(note) });
      await model.release();
      return { precision: model.precision, notes };
    };
    expect(await load()).toEqual({ precision: 'fast', notes: [] });
    const path = stepFile('../difference.json');
    const { difference } = JSON.parse(readFileSync(path, 'utf8'));
    expect(difference).toBeGreaterThan(1e-3);
    expect(difference).toBeLessThan(0.06);
    writeFileSync(path, JSON.stringify({ difference: 0.123 }));
    const note = "this model's results would differ by 12 % from those in fp32 (at most 6 %)";
    expect(await load()).toEqual({
      precision: 'balanced',
      notes: [`${note}, so the precision is balanced and not fast`],
    });
    writeFileSync(path.replace('fast', 'balanced'), JSON.stringify({ difference: 0.123 }));
    const { precision, notes } = await load();
    expect(precision).toBe('exact');
    expect(notes).toEqual([
      expect.stringMatching(/balanced and not fast/),
      expect.stringMatching(/exact and not balanced/),
    ]);
  });

  test('can be made by two processes at once', async () => {
    const main = fileURLToPath(new URL('processes/load.ts', import.meta.url));
    const ends = [1, 2].map(() => {
      const child = fork(main, [tinySmall], { env: { ...process.env, RETONE_CACHE: cache } });
      return new Promise((resolve) => child.once('exit', resolve));
    });
    expect(await Promise.all(ends)).toEqual([0, 0]);
    expect((await use()).compiled).toBe(false);
    const left = readdirSync(join(stepFile('..'), '..')).filter((name) => name.startsWith('making'));
    expect(left).toEqual([]);
  });
});
