import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

// npm run bench:service: one task, then eight at once, through the HTTP API of a service with the built-in model. Prints how
// long they take, and how long the API takes to answer polls meanwhile.

const atOnce = 8;
/** Between two polls of the API, in milliseconds. */
const pause = 50;

const data = mkdtempSync(join(tmpdir(), 'retone-bench-service-'));
const main = fileURLToPath(new URL('../apps/cli/src/main.ts', import.meta.url));
const environment = { ...process.env, RETONE_DATA: data, RETONE_PORT: '0', RETONE_BILLING: 'off' };
const service = spawn(process.execPath, [main, 'serve'], {
  env: { ...environment, RETONE_TASKS_AT_ONCE: String(atOnce), RETONE_REQUESTS_PER_MINUTE: '100000' },
  stdio: ['ignore', 'pipe', 'ignore'],
});
process.once('exit', () => {
  service.kill();
  rmSync(data, { recursive: true, force: true });
});

/** Key and address, which the service says on its standard output. */
async function started(): Promise<{ key: string; url: string }> {
  let text = '';
  for await (const chunk of service.stdout) {
    text += chunk;
    const key = /^ {2}(\S+)$/m.exec(text)?.[1];
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
    if (key && url) return { key, url };
  }
  throw new Error(`the service did not start: ${text}`);
}

const { key, url } = await started();

async function call(method: string, path: string, body?: unknown) {
  const answer = await fetch(`${url}/api/v3/${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { data: result, message } = (await answer.json()) as { data: Record<string, unknown>; message: string };
  if (!answer.ok) throw new Error(message);
  return result;
}

const recording = readFileSync(fileURLToPath(new URL('../examples/riff.wav', import.meta.url)));
const audio = `data:audio/wav;base64,${recording.toString('base64')}`;

/** Runs tasks together. Seconds until all have ended, and the milliseconds that each poll took. */
async function together(model: string, count: number): Promise<{ seconds: number; polls: number[] }> {
  const since = performance.now();
  const submit = (seed: number) => call('POST', model, { audio, prompt: 'a bowed cello', duration: 30, seed });
  const tasks = await Promise.all(Array.from({ length: count }, (_, seed) => submit(seed)));
  const polls: number[] = [];
  for (const { id } of tasks) {
    for (;;) {
      const asked = performance.now();
      const { status } = await call('GET', `predictions/${id}`);
      polls.push(performance.now() - asked);
      if (status === 'failed') throw new Error('a task failed');
      if (status === 'completed') break;
      await sleep(pause);
    }
  }
  return { seconds: (performance.now() - since) / 1000, polls };
}

const models = (await call('GET', 'models')) as unknown as { model_id: string }[];
const model = models.find(({ model_id: id }) => id.endsWith('audio-to-audio'))!.model_id;
await together(model, 1);
const alone = await together(model, 1);
const eight = await together(model, atOnce);
const sorted = eight.polls.toSorted((a, b) => a - b);
const percentile = (share: number) =>
  sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)]!.toFixed(1);
console.log(`one task of 30 s: ${alone.seconds.toFixed(2)} s`);
console.log(
  `${atOnce} at once: ${eight.seconds.toFixed(2)} s, ${(eight.seconds / alone.seconds / atOnce).toFixed(3)} x as long as one by one`,
);
console.log(
  `${sorted.length} polls meanwhile: median ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms, longest ${percentile(1)} ms`,
);
process.exit(0);
