import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

// The third part of npm run bench:service: how long /healthz takes and how much memory the service takes while bodies of 40 MB
// that nobody should read arrive, without a key and with one.

const data = mkdtempSync(join(tmpdir(), 'retone-bench-flood-'));
const main = fileURLToPath(new URL('../apps/cli/src/main.ts', import.meta.url));
const service = spawn(process.execPath, [main, 'serve'], {
  env: { ...process.env, RETONE_DATA: data, RETONE_PORT: '0', RETONE_LOG_LEVEL: 'warn' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.once('exit', () => {
  service.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
});
let said = '';
for await (const chunk of service.stdout) {
  said += chunk;
  if (/^Retone listens/m.test(said)) break;
}
const { hostname, port } = new URL(/http:\/\/127\.0\.0\.1:\d+/.exec(said)![0]);
const key = /^ {2}(rt_\S+)$/m.exec(said)![1]!;

const megabytes = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))![1]) / 1024;

/** By how many milliseconds the event loop was late at most since the last look: what of a slow answer is the service's own. */
async function eventLoopLag(): Promise<number> {
  const text = await (await fetch(`http://${hostname}:${port}/metrics`)).text();
  return 1000 * Number(/^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text)?.[1]);
}

/** Sends 40 MB of `[`, as far as the service takes them. */
async function flood(path: string, headers: Record<string, string>): Promise<void> {
  const socket = connect(Number(port), hostname).on('error', () => {});
  const chunk = Buffer.alloc(1024 * 1024, '[');
  const all = {
    host: 'localhost',
    'content-type': 'application/json',
    'content-length': 40 * chunk.length,
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  for (let sent = 0; sent < 40 && !socket.destroyed; sent++) {
    await Promise.race([new Promise((resolve) => socket.write(chunk, resolve)), sleep(5000)]);
  }
  socket.destroy();
}

const model = '/api/v3/stability-ai/stable-audio-3/audio-to-audio';
const open = ['/healthz', '/nope', '/playground/session', '/api/v3/balance', model];
const times: number[] = [];
let most = 0;
let over = false;
const asking = (async () => {
  while (!over) {
    const since = performance.now();
    await (await fetch(`http://${hostname}:${port}/healthz`)).text();
    times.push(performance.now() - since);
    most = Math.max(most, megabytes());
    await sleep(5);
  }
})();
for (const [who, paths, headers] of [
  ['nobody', [], {}],
  ['without a key', open, {}],
  ['with a key', [model], { authorization: `Bearer ${key}` }],
] as const) {
  await sleep(1000);
  times.length = 0;
  await eventLoopLag();
  const before = megabytes();
  most = before;
  for (const path of paths) await flood(path, headers);
  if (paths.length === 0) await sleep(3000);
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => `${sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(0)} ms`;
  console.log(
    `40 MB to each of ${paths.length} paths, ${who}: /healthz median ${at(0.5)}, 95 % within ${at(0.95)}, 99 % ${at(0.99)}, longest ${at(1)};`,
  );
  const lag = await eventLoopLag();
  console.log(`  event loop late by ${lag.toFixed(0)} ms at most; memory ${(most - before).toFixed(0)} MB more`);
}
over = true;
await asking;
process.exit(0);
