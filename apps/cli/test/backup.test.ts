import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installedPostgres, startPostgres } from '@retone/database/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ServiceProcess } from './processes/process.ts';

// A service is backed up while it runs, restored elsewhere, and continues there.

const model = 'stability-ai/stable-audio-3/music';
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Runs a command of an operator with settings. */
function retone(args: string[], settings: Record<string, string>): Promise<{ code: number; out: string; log: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env: { ...process.env, ...settings } }, (error, out, log) => {
      resolve({ code: error ? Number(error.code) : 0, out, log });
    });
  });
}

async function call(service: ServiceProcess, key: string, method: string, path: string, body?: unknown) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await fetch(`${service.url}/api/v3${path}`, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is for the test to say
  return ((await response.json()) as { data: any }).data;
}

function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'retone-backup-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function check(first: Record<string, string>, second: Record<string, string>): Promise<void> {
  const service = new ServiceProcess('serve', first);
  onTestFinished(() => service.kill());
  expect(await service.start(), service.errors).toBe(true);
  const key = service.key!;
  const parameters = { prompt: 'a drum', duration: 1, num_inference_steps: 1, output_format: 'wav' };
  const done = await call(service, key, 'POST', `/${model}`, { ...parameters, enable_sync_mode: true });
  expect(done.status).toBe('completed');
  const bytes = Buffer.from(await (await fetch(done.outputs[0])).arrayBuffer());
  const open = await call(service, key, 'POST', `/${model}`, { ...parameters, duration: 30, num_inference_steps: 30 });

  const backup = join(folderForTest(), 'backup');
  const made = await retone(['backup', backup], first);
  expect([made.code, made.out]).toEqual([0, expect.stringMatching(/has the database and \d+ files/)]);
  expect((await retone(['backup', backup], first)).log).toContain('must be empty or new');
  await service.kill();

  expect(await retone(['restore', join(backup, '..')], second)).toMatchObject({ code: 2 });
  const restored = await retone(['restore', backup], second);
  expect([restored.code, restored.out]).toEqual([0, expect.stringContaining('are restored')]);
  expect((await retone(['restore', backup], second)).code).toBeGreaterThan(0);

  const again = new ServiceProcess('serve', second);
  onTestFinished(() => again.kill());
  expect(await again.start(), again.errors).toBe(true);
  const same = await call(again, key, 'GET', `/predictions/${done.id}`);
  expect(same.status).toBe('completed');
  const path = new URL(same.outputs[0]).pathname;
  expect(bytes.equals(Buffer.from(await (await fetch(again.url + path)).arrayBuffer()))).toBe(true);
  await expect
    .poll(async () => (await call(again, key, 'GET', `/predictions/${open.id}`)).status, { timeout: 100_000 })
    .toBe('completed');
  expect((await retone(['doctor'], second)).out).toMatch(/^ok +ledger/m);
  expect(await again.stop()).toBe(0);
}

/** A server of the system, with the programs of its version. */
const postgres = installedPostgres('pg_dump');
if (!postgres)
  console.warn('skipped: backups with pg_dump, which is not installed beside a server (Debian: postgresql)');

describe('backup and restore', { timeout: 300_000 }, () => {
  test('of the embedded database and a folder', async () => {
    await check({ RETONE_DATA: folderForTest() }, { RETONE_DATA: folderForTest() });
  });

  test.skipIf(!postgres)('of a Postgres server, with pg_dump, and a folder', async () => {
    const server = await startPostgres(postgres);
    onTestFinished(() => server.stop());
    const settings = async () => ({
      RETONE_DATA: folderForTest(),
      DATABASE_URL: await server.createDatabase(),
      PATH: `${postgres}:${process.env.PATH}`,
    });
    await check(await settings(), await settings());
  });
});
