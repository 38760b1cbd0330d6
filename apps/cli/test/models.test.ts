import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { HubServer } from '../../../packages/hub/test/hub-server.ts';
import { Workplace as Published, withPublishedTextEncoder } from '../../../packages/hub/test/workplace.ts';
import { riff, Workplace } from './retone.ts';

const repository = 'stabilityai/stable-audio-3-small-music';
const model = 'stable-audio-3-small-music';
let place: Workplace;
let published: Published;
let hub: HubServer;

beforeAll(async () => {
  published = new Published();
  hub = await HubServer.start();
  const folder = published.checkpoint(model, withPublishedTextEncoder);
  rmSync(join(folder, 'text-encoder'), { recursive: true });
  hub.publish(repository, folder, 'gated');
  hub.publish('google/t5gemma-b-b-ul2', published.textEncoder(), 'gated');
  hub.tokens.set('hf_reader', { access: [repository, 'google/t5gemma-b-b-ul2'] });
});
beforeEach(() => {
  place = new Workplace();
  vi.stubEnv('RETONE_MODELS', place.path('models'));
  vi.stubEnv('HF_ENDPOINT', hub.url);
  vi.stubEnv('HF_HOME', place.path('huggingface'));
  vi.stubEnv('HF_TOKEN', '');
  return () => place.remove();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  published.remove();
});

test('an official model is pulled with the token that "hf auth login" keeps, and makes sound', async () => {
  const refused = await place.retone('models', 'pull', model);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toMatch(/is gated: accept its licence at .*set HF_TOKEN/);

  mkdirSync(place.path('huggingface'));
  writeFileSync(place.path('huggingface/token'), 'hf_reader\n');
  const pulled = await place.retone('models', 'pull', model);
  expect(pulled.stderr).toBe('');
  expect(pulled.stdout).toMatch(
    /^stable-audio-3-small-music is installed: 2\d MB from stabilityai\/.* at [0-9a-f]{12}\n/,
  );
  expect((await place.retone('models', 'list')).stdout).toMatch(/stable-audio-3-small-music\n {2}2\d MB, up to 190 s/);
  expect(JSON.parse((await place.retone('models', 'info', model, '--json')).stdout)).toMatchObject({
    source: repository,
    commit: hub.commitOf(repository),
    defaults: { steps: 8 },
  });

  const args = ['transform', riff, '-p', 'cello', '-m', model, '-d', '2', '--steps', '1', '--seed', '1', '--json'];
  expect(JSON.parse((await place.retone(...args)).stdout)).toMatchObject({ model, seconds: 2 });

  expect((await place.retone('models', 'pull', model)).stdout).toMatch(/is up to date and whole/);
  expect((await place.retone('models', 'remove', model)).stdout).toMatch(/is removed/);
  expect((await place.retone('models')).stdout).not.toContain(model);
});

test('a folder is added, verified, found damaged, and removed', async () => {
  const folder = published.checkpoint('mine');
  expect((await place.retone('models', 'add', folder)).stdout).toMatch(/^mine is installed: 2\d MB from .*mine\n/);
  expect((await place.retone('models', 'verify', 'mine')).stdout).toMatch(
    /^mine is whole: \d files have the checksums/,
  );
  const weights = place.path('models/mine/model.safetensors');
  const bytes = readFileSync(weights);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(weights, bytes);
  const damaged = await place.retone('models', 'verify', 'mine');
  expect(damaged.code).toBe(1);
  expect(damaged.stderr).toMatch(/mine is damaged: model\.safetensors is not what was installed: .*another/);
  expect(damaged.stderr).toMatch(/"retone models add \S*mine" mends it/);
  expect((await place.retone('models', 'pull', folder)).stdout).toMatch(/^mine is installed/);
  expect((await place.retone('models', 'verify', 'mine')).code).toBe(0);
  await place.retone('models', 'remove', 'mine');
  expect((await place.retone('models', 'verify', 'mine')).stderr).toMatch(/there is no model "mine"/);
});

test('a folder without its text encoder gets it from the repository that its configuration names', async () => {
  vi.stubEnv('HF_TOKEN', 'hf_reader');
  const folder = published.checkpoint('by-hand', withPublishedTextEncoder);
  rmSync(join(folder, 'text-encoder'), { recursive: true });
  expect((await place.retone('models', 'add', folder, '--name', 'hand')).stdout).toMatch(/^hand is installed/);
  expect((await place.retone('models', 'verify', 'hand')).stdout).toMatch(/^hand is whole/);
});

test.each([
  [['pull'], 2, /pull takes a model: stable-audio-3-small-music, .*owner\/name/],
  [['add', 'nowhere'], 1, /there is no folder \S*nowhere/],
  [['remove', 'retone-small'], 1, /"retone-small" is the model that comes with Retone/],
  [['remove', '../../home'], 1, /a model's name must consist of letters/],
  [['remove', 'nothing'], 1, /no model "nothing" is installed/],
  [['fetch', 'x'], 2, /there is no "models fetch"; there are list, info, pull/],
])('retone models %j is refused in words', async (args, code, message) => {
  const outcome = await place.retone('models', ...args);
  expect(outcome.stderr).toMatch(message);
  expect(outcome.code).toBe(code);
});

test('retone models lists the built-in one, and what is not finished', async () => {
  mkdirSync(place.path('models/.partial/medium'), { recursive: true });
  writeFileSync(place.path('models/.partial/medium/model.safetensors'), Buffer.alloc(2e6));
  expect((await place.retone('models')).stdout).toMatch(
    /retone-small\n.*medium\n {2}not installed yet: 2 MB are there; pull it again/s,
  );
  const { stdout } = await place.retone('models', '--json');
  expect(JSON.parse(stdout)).toEqual([expect.objectContaining({ name: 'retone-small', objective: 'rectified_flow' })]);
});
