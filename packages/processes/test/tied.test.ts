import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { isStopped } from '../src/index.ts';

const parentModule = fileURLToPath(new URL('parent.ts', import.meta.url));
const hasSetpriv = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0;
if (!hasSetpriv) console.warn('skipped: stopped children, which need setpriv of util-linux');

function isThere(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}

/** A parent and the process id of its child, once the child runs. */
async function family() {
  const parent = spawn(process.execPath, [parentModule], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(parent.stdout.setEncoding('utf8'), 'data');
  const child = Number(said);
  onTestFinished(() => {
    parent.kill('SIGKILL');
    if (isThere(child)) process.kill(child, 'SIGKILL');
  });
  return { parent, child };
}

test.each(['SIGKILL', 'SIGTERM'] as const)('a child ends when its parent ends by %s', async (signal) => {
  const { parent, child } = await family();
  expect(isThere(child)).toBe(true);
  parent.kill(signal);
  await expect.poll(() => isThere(child)).toBe(false);
});

test.skipIf(!hasSetpriv)('a child that is stopped ends when its parent is killed', async () => {
  const { parent, child } = await family();
  expect(isStopped(child)).toBe(false);
  process.kill(child, 'SIGSTOP');
  await expect.poll(() => isStopped(child)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => isThere(child)).toBe(false);
});

test('a child leaves SIGTERM to its parent', async () => {
  const { parent, child } = await family();
  process.kill(child, 'SIGTERM');
  process.kill(child, 'SIGINT');
  parent.kill('SIGKILL');
  await expect.poll(() => isThere(child)).toBe(false);
});
