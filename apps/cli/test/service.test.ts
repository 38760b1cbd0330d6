import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// `retone serve` and the commands beside it, as an operator runs them.

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'retone-serve-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Started {
  child: ChildProcess;
  out: () => string;
  log: () => string;
}

function start(args: string[], environment: Record<string, string> = {}): Started {
  const env = { ...process.env, RETONE_DATA: folder, RETONE_PORT: '0', ...environment };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let log = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  return { child, out: () => out, log: () => log };
}

/** Runs a command to its end. */
async function run(args: string[], environment?: Record<string, string>) {
  const { child, out, log } = start(args, environment);
  const [code] = await once(child, 'close');
  return { code, out: out(), log: log() };
}

describe('retone api', () => {
  let service: Started;
  let url: string;
  let key: string;
  beforeAll(async () => {
    service = start(['api'], { RETONE_PROT: '80' });
    await vi.waitFor(() => expect(service.out()).toMatch(/Retone listens at http\S+\n/), { timeout: 60_000 });
    url = /at (http\S+)/.exec(service.out())![1]!;
    key = /^ {2}(rt_\S+)$/m.exec(service.out())![1]!;
  });
  afterAll(() => service.child.kill('SIGKILL'));

  test('says on standard output where it is and what the first key is; logs JSON on standard error', async () => {
    expect(service.out()).toContain(`${url}/docs`);
    const answer = await fetch(`${url}/api/v3/balance`, { headers: { authorization: `Bearer ${key}` } });
    expect(answer.status).toBe(200);
    await expect.poll(service.log).toContain('/api/v3/balance');
    const lines = service
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ level: 'warn', msg: expect.stringContaining('RETONE_PROT is not a setting') });
    expect(service.log()).not.toContain(key);
  });

  test('carries out the commands of administrators itself while it has the folder open', async () => {
    expect((await run(['keys', 'list'])).out).toMatch(/^[0-9a-f]{32} {2}rt_[\w-]+… {2}default/);
    const { out: id } = await run(['accounts', 'create', '--name', 'second']);
    expect((await run(['accounts', 'credit', '2.5', '--account', id.trim()])).out).toContain('has $2.50');
    const made = await run(['keys', 'create', '--account', id.trim()]);
    const other = /^ {2}(rt_\S+)$/m.exec(made.out)![1]!;
    const headers = { authorization: `Bearer ${other}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ prompt: 'a drum', duration: 1 });
    const path = '/api/v3/stability-ai/stable-audio-3/music';
    const submitted = await fetch(url + path, { method: 'POST', headers, body });
    const { data } = (await submitted.json()) as { data: { id: string } };
    expect((await run(['tasks', 'list', '--account', id.trim()])).out).toMatch(
      new RegExp(`^${data.id} {2}created {2}music`),
    );
    expect(JSON.parse((await run(['tasks', 'show', data.id])).out)).toMatchObject({ id: data.id, status: 'created' });
    expect((await run(['tasks', 'requeue', data.id])).out).toContain('is queued');
    expect((await run(['tasks', 'cancel', data.id])).out).toContain('is cancelled');
    expect((await run(['tasks', 'cancel', data.id])).out).toContain('had ended');
    expect(await run(['tasks', 'show', 'x'])).toMatchObject({
      code: 2,
      log: expect.stringContaining('there is no task "x"'),
    });
    expect(await run(['keys', 'revoke', 'x'])).toMatchObject({
      code: 1,
      log: expect.stringContaining('there is no key'),
    });
  });

  test('is found well by its doctor, which says so of each part', async () => {
    const { code, out } = await run(['doctor']);
    for (const part of ['versions', 'database', 'clock', 'ledger', 'tasks', 'storage', 'disk', 'models'])
      expect(out).toMatch(new RegExp(`^ok +${part}`, 'm'));
    expect(code).toBe(0);
  });

  test('can be reached for commands by its owner alone', () => {
    expect(statSync(join(folder, 'admin.sock')).mode & 0o077).toBe(0);
  });

  test('whose port is taken says so', async () => {
    const other = mkdtempSync(join(tmpdir(), 'retone-serve-'));
    const { code, log } = await run(['api'], { RETONE_DATA: other, RETONE_PORT: new URL(url).port });
    rmSync(other, { recursive: true, force: true });
    expect(code).toBe(1);
    expect(log).toContain(`port ${new URL(url).port} is taken; RETONE_PORT chooses another`);
  });

  test('stops when it is asked to, and leaves keys and accounts to the other commands', async () => {
    service.child.kill('SIGTERM');
    expect(await once(service.child, 'exit')).toEqual([0, null]);
    const listed = await run(['keys', 'list']);
    expect(listed.out).toMatch(/^[0-9a-f]{32} {2}rt_[\w-]+… {2}default {2}used /);
    expect((await run(['accounts', 'rotate-secret'])).out).toMatch(/^whsec_[\w-]{43}\n$/);
    expect((await run(['accounts', 'suspend'])).out).toMatch(/is suspended/);
    expect((await run(['accounts', 'list'])).out).toMatch(/suspended {2}\$10,?000/);
  });
});

test.each([
  [['serve'], { RETONE_PORT: 'x', RETONE_BILLING: 'y' }, 1, /RETONE_PORT is "x".*RETONE_BILLING is "y"/],
  [['keys'], {}, 2, /keys takes create, list, or revoke/],
  [['accounts', 'credit'], {}, 2, /accounts takes list, create/],
])('retone %j with %j is refused', async (args, environment, code, message) => {
  const answer = await run(args, environment as Record<string, string>);
  expect(answer.code).toBe(code);
  expect(answer.log.trim().split('\n').at(-1)).toMatch(message);
});

test('retone serve --help lists the settings', async () => {
  const { out } = await run(['serve', '--help']);
  expect(out).toMatch(/RETONE_PORT +Port to listen on/);
});
