import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openCheckpoint, type SafetensorsFile } from '@retone/checkpoint';
import { elementsOf } from '@retone/common';
import { precisions, writeOfficialSize } from './checkpoint.ts';

// A checkpoint of official size must load and make 30 s within its memory: `npm run official-size`.

const options = parseArgs({
  options: {
    /** How the file stores its weights: F32, F16 or BF16. They are computed with in fp32. */
    precision: { type: 'string', default: 'F32' },
    /** Keep the checkpoint in this folder, and use it again; else it is temporary. */
    folder: { type: 'string' },
  },
}).values;
const precision = precisions.find((each) => each === options.precision);
if (!precision) throw new TypeError(`--precision is one of ${precisions.join(', ')}`);

const temporary = options.folder ? undefined : mkdtempSync(join(tmpdir(), 'retone-official-size-'));
const folder = options.folder ?? temporary!;
process.once('exit', () => temporary && rmSync(temporary, { recursive: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

if (!existsSync(join(folder, 'model.safetensors'))) {
  await writeOfficialSize(folder, precision);
}
const weights = float32Bytes(folder);
const limit = 1.3 * weights + 1e9;
console.log(`${gigabytes(weights)} of weights in fp32, stored as ${precision}`);
const { peak, peakAnonymous } = await measured(folder);
console.log(`peak memory ${gigabytes(peak)} (${gigabytes(peakAnonymous)} of it anonymous), limit ${gigabytes(limit)}`);
if (!(peak > 0 && peak <= limit)) {
  console.log('FAIL: too much memory');
  process.exitCode = 1;
}

/** Size of all weights that a generation computes with, widened to fp32; the table of token embeddings is not among them. */
function float32Bytes(folder: string): number {
  const checkpoint = openCheckpoint(folder);
  const bytes = (file: SafetensorsFile) =>
    [...file.tensors.values()]
      .filter(({ name }) => !name.endsWith('embed_tokens.weight'))
      .reduce((sum, { shape }) => sum + 4 * elementsOf(shape), 0);
  const total = bytes(checkpoint.file) + bytes(checkpoint.text!.file);
  checkpoint.close();
  return total;
}

/** Runs the generation in a separate process, prints how long its stages take, and watches its memory. */
async function measured(folder: string): Promise<{ peak: number; peakAnonymous: number }> {
  const child = fork(fileURLToPath(new URL('run.ts', import.meta.url)), [folder]);
  let [peak, peakAnonymous] = [0, 0];
  let stage = { name: 'start', since: performance.now(), processor: 0, anonymous: 0 };
  const look = () => {
    const memory = memoryOf(child.pid!);
    peak = Math.max(peak, memory.VmHWM ?? 0);
    stage.anonymous = Math.max(stage.anonymous, memory.RssAnon ?? 0);
    peakAnonymous = Math.max(peakAnonymous, stage.anonymous);
  };
  const enter = (name: string, processor: number) => {
    look();
    const seconds = (value: number) => `${value.toFixed(1).padStart(5)} s`;
    const took = `${seconds((performance.now() - stage.since) / 1000)},${seconds(processor - stage.processor)} of processor time`;
    console.log(`${stage.name.padEnd(7)}${took}, anonymous memory up to ${gigabytes(stage.anonymous)}`);
    stage = { name, since: performance.now(), processor, anonymous: 0 };
  };
  const timer = setInterval(look, 20);
  let made = false;
  child.on('message', (message: { stage: string; processor: number } | { shape: number[]; loudest: number }) => {
    if ('stage' in message) return enter(message.stage, message.processor);
    made = message.loudest > 0;
    console.log(`made [${message.shape}], loudest sample ${message.loudest.toFixed(3)}`);
    look();
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(timer);
  if (code !== 0 || !made) throw new Error(`the generation failed (exit code ${code})`);
  return { peak, peakAnonymous };
}

/** The kernel's account of a process's memory, in bytes (Linux only; empty elsewhere and when the process is gone). */
function memoryOf(pid: number): Record<string, number> {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return {};
  }
  return Object.fromEntries(
    [...text.matchAll(/^(\w+):\s+(\d+) kB$/gm)].map(([, key, value]) => [key!, Number(value) * 1024]),
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
