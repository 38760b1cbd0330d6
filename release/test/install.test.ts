import { execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Retone } from '@retone/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { riff } from '../../apps/cli/test/retone.ts';
import { pack } from '../pack.ts';

// What is published, installed in an empty folder by somebody with an empty HOME; afterwards npm is offline.

const folder = mkdtempSync(join(tmpdir(), 'retone-install-'));
const home = join(folder, 'home');
const place = join(folder, 'place');
const env: Record<string, string> = {
  HOME: home,
  // The Node.js of the tests first, and npm.
  PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
  // Where a machine has its registry and certificates from.
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^npm_config_|_PROXY$|^NODE_EXTRA_CA/i.test(name)),
  ),
} as Record<string, string>;
const offline = { ...env, npm_config_offline: 'true', npm_config_registry: 'http://127.0.0.1:9' };
const npx = (...args: string[]) => promisify(execFile)('npx', ['--no', ...args], { cwd: place, env: offline });

beforeAll(async () => {
  mkdirSync(home);
  mkdirSync(place);
  cpSync(riff, join(place, 'x.wav'));
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  const tarballs = await pack({ everySystem: false });
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--registry', registry];
  await promisify(execFile)('npm', ['install', ...options, ...tarballs], { cwd: place, env });
}, 900_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('transforms a recording, offline', async () => {
  const { stdout } = await npx('retone', 'transform', 'x.wav', '-p', 'a bowed cello', '-d', '2', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ output: 'x.retone.mp3', seconds: 2, model: 'retone-small' });
  expect(statSync(join(place, 'x.retone.mp3')).size).toBeGreaterThan(10_000);
}, 300_000);

test('serves the page and the API, offline', async () => {
  const service = spawn('npx', ['--no', 'retone', 'serve'], {
    cwd: place,
    env: { ...offline, RETONE_PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  try {
    let text = '';
    for await (const line of createInterface({ input: service.stdout })) {
      text += `${line}\n`;
      if (line.includes('describes the API')) break;
    }
    const [, key] = /^ {2}(rt_\S+)$/m.exec(text)!;
    const [, url] = /Retone listens at (\S+)/.exec(text)!;
    expect(await (await fetch(url!)).text()).toContain('<script type="module">');
    const made = await new Retone({ url: url!, key: key! }).run('text-to-audio', { prompt: 'rain', duration: 1 });
    expect(made.status).toBe('completed');
  } finally {
    const ended = new Promise((resolve) => service.once('exit', resolve));
    process.kill(-service.pid!, 'SIGTERM');
    await ended;
  }
}, 300_000);

// The page's own engine has a packed copy of the built-in model, 21 MB.
test('is smaller than 410 MB', () => {
  const bytes = readdirSync(join(place, 'node_modules'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  console.log(`installed: ${Math.round(bytes / 1e6)} MB`);
  expect(bytes).toBeLessThan(410e6);
});
