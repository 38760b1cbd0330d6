import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type AudioClip, decodeAudio, encodeAudio, keepCodecReady } from '@retone/audio';

// npm run bench:service: tasks one by one, then eight at once, through the HTTP API of a service with the built-in model.
// Prints how long they take, how much of it is not the engine's, and how long the API takes to answer polls meanwhile.

const atOnce = 8;
/** Tasks one by one: as many as make a median that one busy moment of the machine does not move. */
const alone = 9;
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

const parameters = { audio, prompt: 'a bowed cello', duration: 30 };

/** Runs tasks together. Milliseconds until all have ended, and those that each poll took. */
async function together(model: string, count: number): Promise<{ total: number; polls: number[] }> {
  const since = performance.now();
  const submit = (seed: number) => call('POST', model, { ...parameters, seed });
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
  return { total: performance.now() - since, polls };
}

/** A task that is waited for. Milliseconds that it took, of which the engine took, and what the service's process worked. */
async function waitedFor(model: string, seed: number): Promise<{ total: number; engine: number; processor: number }> {
  const since = performance.now();
  const processor = processorTime();
  const result = await call('POST', model, { ...parameters, seed, enable_sync_mode: true });
  const total = performance.now() - since;
  if (result.status !== 'completed') throw new Error('a task failed');
  const { inference } = result.timings as { inference: number };
  return { total, engine: inference, processor: processorTime() - processor };
}

/** Milliseconds of processor that the service's own process has had, without the engine and the codecs; Linux tells. */
function processorTime(): number {
  if (process.platform !== 'linux') return Number.NaN;
  const fields = readFileSync(`/proc/${service.pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks * 10;
}

/** Milliseconds that reading the recording and writing a result take, each in a process that is ready, as in the service. */
async function coding(): Promise<number> {
  keepCodecReady();
  const clip = await decodeAudio(recording, { name: 'the recording', channels: 2 });
  const times: number[] = [];
  for (let i = 0; i < alone; i++) {
    await sleep(1000);
    const since = performance.now();
    await decodeAudio(recording, { name: 'the recording', channels: 2 });
    const decoded = performance.now() - since;
    // The next process gets ready while the engine works.
    await sleep(1000);
    const again = performance.now();
    await encodeAudio(lasting(clip, parameters.duration), 'mp3');
    times.push(decoded + performance.now() - again);
  }
  return median(times);
}

/** A clip, again and again until it has lasted for some seconds. */
function lasting({ sampleRate, channels }: AudioClip, seconds: number): AudioClip {
  const samples = seconds * sampleRate;
  return {
    sampleRate,
    channels: channels.map((channel) => Float32Array.from({ length: samples }, (_, i) => channel[i % channel.length]!)),
  };
}

function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)]!;
}

function median(values: number[]): number {
  return quantile(values, 0.5);
}

const models = (await call('GET', 'models')) as unknown as { model_id: string }[];
const model = models.find(({ model_id: id }) => id.endsWith('audio-to-audio'))!.model_id;
await together(model, 1);

const single: Awaited<ReturnType<typeof waitedFor>>[] = [];
for (let seed = 0; seed < alone; seed++) single.push(await waitedFor(model, seed));
const total = median(single.map((task) => task.total));
const overheads = single.map((task) => task.total - task.engine);
const codecs = await coding();
const ms = (value: number) => `${value.toFixed(0)} ms`;
console.log(`one task of ${parameters.duration} s, median of ${alone}: ${ms(total)}`);
console.log(`  the engine itself: ${ms(median(single.map((task) => task.engine)))}`);
console.log(`  beside it: ${ms(median(overheads))} (${ms(quantile(overheads, 0))} to ${ms(quantile(overheads, 1))})`);
console.log(`    reading and writing the files, measured alone: ${ms(codecs)}`);
console.log(
  `    the service: ${ms(median(overheads) - codecs)}, and ${ms(median(single.map((task) => task.processor)))} of processor`,
);

const eight = await together(model, atOnce);
console.log(
  `${atOnce} at once: ${ms(eight.total)}, ${(eight.total / total / atOnce).toFixed(3)} x as long as one by one`,
);
const poll = (share: number) => `${quantile(eight.polls, share).toFixed(1)} ms`;
console.log(`${eight.polls.length} polls meanwhile: median ${poll(0.5)}, p99 ${poll(0.99)}, longest ${poll(1)}`);
process.exit(0);
