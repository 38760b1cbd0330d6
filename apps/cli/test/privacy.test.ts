import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { riff } from './retone.ts';

// Nothing leaves the machine, and nothing is written outside of Retone's own folders: each process runs with an empty home,
// an empty folder for temporary files and an empty working folder, and under strace, which sees every system call.

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Why system calls cannot be watched here, or undefined. */
const unwatched = (() => {
  const trial = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (trial.error) return 'there is no strace';
  return trial.status === 0 ? undefined : `strace: ${trial.stderr.trim()}`;
})();

/** Why nothing can be run without a network here, or undefined. */
const alwaysConnected = (() => {
  const trial = spawnSync('unshare', ['--map-root-user', '--net', 'true'], { encoding: 'utf8' });
  if (trial.error) return 'there is no unshare';
  return trial.status === 0 ? undefined : `unshare: ${trial.stderr.trim()}`;
})();

let folder: string;
const inside = (...parts: string[]) => join(folder, ...parts);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retone-privacy-'));
  for (const name of ['home', 'temporary', 'work']) mkdirSync(inside(name));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts `retone` as somebody does who never used it; under strace, where there is one. */
function start(args: string[], environment: Record<string, string> = {}, wrapper: string[] = []): ChildProcess {
  const calls = 'trace=connect,sendto,sendmsg,sendmmsg';
  const watch = unwatched ? [] : ['strace', '-f', '-qq', '--seccomp-bpf', '-e', calls, '-o', inside('calls')];
  const [command, ...rest] = [...wrapper, ...watch, process.execPath, main, ...args] as [string, ...string[]];
  return spawn(command, rest, {
    cwd: inside('work'),
    env: { PATH: process.env.PATH, HOME: inside('home'), TMPDIR: inside('temporary'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function ended(child: ChildProcess): Promise<{ code: number; out: string; errors: string }> {
  let [out, errors] = ['', ''];
  child.stdout!.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, out, errors };
}

/** All files in home, temporary and working folder, as paths from the folder that they are all in. */
function files(): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => (entry.isDirectory() ? undefined : join(entry.parentPath, entry.name)));
  return paths.flatMap((path) => (path && path !== inside('calls') ? [relative(folder, path)] : [])).sort();
}

/** Attempts to reach another machine, or the name service of this one. */
function attempts(): string[] {
  const lines = readFileSync(inside('calls'), 'utf8').split('\n');
  const addressed = lines.filter((line) => /AF_INET/.test(line));
  const here = (line: string) => /inet_addr\("127\.|inet_pton\(AF_INET6, "::1"|"::ffff:127\./.test(line);
  return addressed.filter((line) => !here(line) || /htons\((53|853|5353)\)/.test(line));
}

if (unwatched) console.warn(`SKIPPED: whether connections are tried is not watched here (${unwatched})`);

describe('retone transform', () => {
  const args = ['transform', riff, '-p', 'bowed cello', '-d', '1', '--steps', '2', '-o', 'x.wav'];

  test('leaves compiled graphs in its own cache and the result, and tries no connection', async () => {
    const { code, errors } = await ended(start(args));
    expect(errors).toBe('');
    expect(code).toBe(0);
    const [own, others] = [/^home\/\.cache\/retone\/compiled\//, files()];
    expect(others.filter((path) => own.test(path)).length).toBeGreaterThan(0);
    expect(others.filter((path) => !own.test(path))).toEqual(['work/x.wav']);
    if (!unwatched) expect(attempts()).toEqual([]);
  });

  test.skipIf(alwaysConnected)(`works without a network${alwaysConnected ? ` (${alwaysConnected})` : ''}`, async () => {
    const { code } = await ended(start(args, {}, ['unshare', '--map-root-user', '--net']));
    expect(code).toBe(0);
  });
});

test('importing the engine into a program sends nothing either', async () => {
  const engine = fileURLToPath(new URL('../../../packages/engine/src/index.ts', import.meta.url));
  const program = `
    const { loadModel, textToAudio } = await import(${JSON.stringify(engine)});
    const model = await loadModel(${JSON.stringify(fileURLToPath(new URL('../../../models/retone-small', import.meta.url)))});
    await textToAudio(model, { prompt: 'rain', seconds: 0.5, steps: 1 });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { PATH: process.env.PATH, HOME: inside('home'), TMPDIR: inside('temporary') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { code, errors } = await ended(child);
  expect(errors).toBe('');
  expect(code).toBe(0);
  expect(files()).toEqual([]);
});

test('retone serve keeps to its folders and to this machine, with a task as well', async () => {
  const child = start(['serve'], { RETONE_PORT: '0' });
  let out = '';
  child.stdout!.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr!.resume();
  await vi.waitFor(() => expect(out).toMatch(/Retone listens at http\S+\n/), { timeout: 60_000 });
  const url = /at (http\S+)/.exec(out)![1]!;
  const authorization = `Bearer ${/^ {2}(rt_\S+)$/m.exec(out)![1]!}`;
  const answer = await fetch(`${url}/api/v3/stability-ai/stable-audio-3/text-to-audio`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'rain', duration: 1, enable_sync_mode: true }),
  });
  expect(await answer.json()).toMatchObject({ data: { status: 'completed' } });

  const gone = once(child, 'close');
  process.kill(unwatched ? child.pid! : Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')));
  await gone;
  const own = /^home\/(\.cache\/retone\/compiled|\.local\/share\/retone)\//;
  expect(files().filter((path) => own.test(path)).length).toBeGreaterThan(0);
  expect(files().filter((path) => !own.test(path))).toEqual([]);
  if (!unwatched) expect(attempts()).toEqual([]);
});
