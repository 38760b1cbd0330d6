import { cpSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findModel } from '@retone/checkpoint';
import { expect, onTestFinished, test } from 'vitest';
import {
  type Engine,
  EngineFailure,
  EnginePool,
  type EngineRequest,
  type ModelChoice,
  type PoolOptions,
} from '../src/index.ts';

const folder = findModel();
/** Different models of one size: the built-in one with adapters that the stub takes for what they are. */
const model = (name: string): ModelChoice => ({ folder, adapters: [{ path: name, strength: 1 }] });
const request = { pipeline: 'text-to-audio', seconds: 1, controls: { prompt: 'x' } } as EngineRequest;

const sound = { data: new Float32Array(1), shape: [1, 1] };

/** A pool with room for a number of models, and engines that say who they are. */
function poolFor(models: number, run: Engine['run'] = async () => sound) {
  const log: string[] = [];
  const runs: string[] = [];
  const create: PoolOptions['create'] = ({ adapters }) => ({
    async load() {
      if (adapters[0]!.path === 'broken') throw new EngineFailure('bad-config', 'cannot be loaded');
      return { sampleRate: 44100, audioChannels: 2, maxSeconds: 100 };
    },
    async run(given, options) {
      runs.push(`${adapters[0]!.path}${given.controls.sampler ? ` with ${given.controls.sampler}` : ''}`);
      return run(given, options);
    },
    async close() {
      log.push(`close ${adapters[0]!.path}`);
    },
  });
  const onChange: PoolOptions['onChange'] = ({ change, model }) =>
    log.push(`${change} ${model.match(/\+ (\w+):/)![1]}`);
  // A model takes some 0.54 GB by the pool's account: half a gigabyte to work, and its weights in fp32.
  return { log, runs, pool: new EnginePool({ budget: 0.6e9 * models, create, onChange }) };
}

test('three models in a budget for two: the right one answers, and the least recently used one is unloaded', async () => {
  const { pool, log, runs } = poolFor(2);
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await pool.of(model(name)).run(request);
  expect(runs).toEqual(['a', 'b', 'a', 'c', 'a', 'b']);
  expect(log).toEqual(['loaded a', 'loaded b', 'close b', 'evicted b', 'loaded c', 'close c', 'evicted c', 'loaded b']);
  expect(pool.loaded).toHaveLength(2);
  await pool.close();
  expect(pool.loaded).toEqual([]);
});

test('what is at work stays, and another model waits for it', async () => {
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { pool, log } = poolFor(1, async () => {
    begun.resolve();
    await gate.promise;
    return sound;
  });
  const first = pool.of(model('a')).run(request);
  const second = pool.of(model('b')).load();
  await begun.promise;
  expect(log).toEqual(['loaded a']);
  gate.resolve();
  await Promise.all([first, second]);
  expect(log).toEqual(['loaded a', 'close a', 'evicted a', 'loaded b']);
});

test('one that is larger than the budget is loaded alone', async () => {
  const { pool, log } = poolFor(0.1);
  await pool.of(model('a')).run(request);
  await pool.of(model('b')).run(request);
  expect(log).toEqual(['loaded a', 'close a', 'evicted a', 'loaded b']);
});

test('one that cannot be loaded takes no room, and says why each time', async () => {
  const { pool, log } = poolFor(1);
  for (let i = 0; i < 2; i++) await expect(pool.of(model('broken')).run(request)).rejects.toThrow('cannot be loaded');
  await pool.of(model('a')).run(request);
  expect(log).toEqual(['close broken', 'close broken', 'loaded a']);
});

test('one whose files were replaced is loaded again; a run with the old one is finished', async () => {
  const own = mkdtempSync(join(tmpdir(), 'retone-pool-'));
  onTestFinished(() => rmSync(own, { recursive: true }));
  cpSync(folder, own, { recursive: true });
  const gate = Promise.withResolvers<void>();
  const gates = [Promise.resolve(), gate.promise];
  const { pool, log } = poolFor(3, async () => {
    await gates.shift();
    return sound;
  });
  const choice = { ...model('a'), folder: own };
  const replace = (file: string, second: number) => utimesSync(join(own, file), second, second);

  await pool.of(choice).run(request);
  expect(pool.has(choice)).toBe(true);
  replace('model.safetensors', 1);
  expect(pool.has(choice)).toBe(false);
  const old = pool.of(choice).run(request);
  await pool.of(choice).load();
  expect(log).toEqual(['loaded a', 'close a', 'outdated a', 'loaded a']);

  replace('model_config.json', 2);
  await pool.of(choice).load();
  expect(log.slice(4)).toEqual(['loaded a']);
  gate.resolve();
  await old;
  await pool.of(choice).load();
  expect(log.slice(5)).toEqual(['close a', 'outdated a']);
  expect(pool.loaded).toHaveLength(1);
});

test('a sampler that is set for a model is used where the request names none', async () => {
  const { pool, runs } = poolFor(1);
  const engine = pool.of({ ...model('a'), sampler: 'euler' });
  await engine.run(request);
  await engine.run({ ...request, controls: { ...request.controls, sampler: 'rk4' } });
  expect(runs).toEqual(['a with euler', 'a with rk4']);
});
