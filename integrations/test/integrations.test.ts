import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, startService } from '../../apps/server/test/service.ts';
import { StubEngine } from '../../apps/server/test/stub-engine.ts';

// The ComfyUI nodes and the HTTP part of the REAPER script, against a service with a stub for an engine.

const run = promisify(execFile);
const here = import.meta.dirname;
const has = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
const lua = ['lua5.4', 'lua'].find((name) => has(name, '-v'));
const python = ['python3', 'python'].find((name) => has(name, '--version'));
const canRunLua = lua !== undefined && has('curl', '--version');
if (!canRunLua) console.warn('The REAPER script is not tested: lua or curl is not installed (Debian: lua5.4, curl).');
if (!python) console.warn('The ComfyUI nodes are not tested: python3 is not installed.');

const engine = new StubEngine();
let running: Running;
const folder = mkdtempSync(join(tmpdir(), 'retone-integrations-'));
beforeAll(async () => {
  running = await startService({ engine });
});
afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true });
});

test.skipIf(!python)('the ComfyUI nodes', async () => {
  const env = { ...process.env, RETONE_URL: running.url, RETONE_KEY: running.key, PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await run(python!, [join(here, 'nodes.py')], { env });
  const one = { rate: 44100, seed: 7 };
  expect(JSON.parse(stdout)).toEqual({
    RetoneTransform: { ...one, shape: [2, 2, 44100] },
    RetoneInpaint: { ...one, shape: [2, 2, 44100] },
    RetoneExtend: { ...one, shape: [2, 2, 44100] },
    RetoneGenerate: { ...one, shape: [1, 2, 44100] },
    refusal: 'the engine refuses this',
  });
  expect(engine.requests.map(({ pipeline }) => pipeline)).toEqual([
    'audio-to-audio',
    'audio-to-audio',
    'inpaint',
    'inpaint',
    'outpaint',
    'outpaint',
    'text-to-audio',
    'text-to-audio',
  ]);
});

test.skipIf(!canRunLua)("the REAPER script's HTTP part", async () => {
  const [file, result] = [join(folder, 'item "1".wav'), join(folder, 'made.wav')];
  const { stdout } = await run(lua!, [
    join(here, 'http.lua'),
    join(here, '../reaper'),
    running.url,
    running.key,
    file,
    result,
  ]);
  expect(readFileSync(result).subarray(0, 4).toString()).toBe('RIFF');
  expect(stdout.trim().split('\n')).toEqual([
    'the engine refuses this',
    'the key is not known, or was revoked',
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:9 does not answer: /),
  ]);
  const [request] = engine.requests.slice(-2);
  expect(request).toMatchObject({
    pipeline: 'audio-to-audio',
    initNoiseLevel: 0.4,
    controls: { prompt: 'a "cello"\nin a \\ cathedral', seed: 7 },
  });
});
