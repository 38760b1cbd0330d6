import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { writeOfficialSize } from '../packages/engine/test/official-size/checkpoint.ts';

// npm run bench: transforms at official size with random weights, in each precision and in PyTorch where there is one.
// Every run is a separate process. Prints a table with ratios, and writes the figures as JSON. On a GPU: -- --device webgpu.

const run = promisify(execFile);

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10,30,120' },
    /** What runs: precisions, and torch-fp32 and torch-bf16. */
    subjects: { type: 'string', default: 'torch-fp32,torch-bf16,exact,balanced,fast' },
    steps: { type: 'string', default: '8' },
    threads: { type: 'string', default: String(cpus().length) },
    /** What the precisions are computed on. PyTorch is always on the processor. */
    device: { type: 'string', default: 'auto' },
    /** Runs of each; the fastest counts. They are interleaved, since other work on the machine comes and goes. */
    rounds: { type: 'string', default: '1' },
    python: { type: 'string', default: 'python3' },
    /** The checkpoint of official size is made here once, 2.6 GB; compiled models lie beside it. */
    folder: { type: 'string', default: join(tmpdir(), 'retone-bench') },
    json: { type: 'string', default: 'bench.json' },
  },
});

interface Measure {
  stages: Record<string, { seconds: number; processorSeconds: number }>;
  peakBytes: number;
  version?: string;
}

const stageNames = ['text', 'encode', 'sample', 'decode'];
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const checkpoint = join(options.folder, 'small-music');
const environment = { ...process.env, RETONE_CACHE: join(options.folder, 'cache') };

async function measure(subject: string, seconds: string): Promise<Measure> {
  const { steps, threads, device } = options;
  const [command, args] = subject.startsWith('torch-')
    ? [options.python, [here('reference.py'), seconds, subject.slice('torch-'.length), threads, steps]]
    : [process.execPath, [here('transform.ts'), checkpoint, seconds, subject, threads, steps, device]];
  const { stdout } = await run(command, args, { env: environment });
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

/** Time of a whole transform, without loading the model. */
function total(measure: Measure, kind: 'seconds' | 'processorSeconds' = 'seconds'): number {
  return stageNames.reduce((sum, stage) => sum + measure.stages[stage]![kind], 0);
}

async function hasTorch(): Promise<boolean> {
  return run(options.python, ['-c', 'import torch']).then(
    () => true,
    () => false,
  );
}

if (!existsSync(join(checkpoint, 'model.safetensors'))) {
  console.error(`making a checkpoint of official size in ${checkpoint}`);
  mkdirSync(checkpoint, { recursive: true });
  await writeOfficialSize(checkpoint, 'F32');
}
const torch = await hasTorch();
if (!torch) console.error(`${options.python} has no torch, so there is nothing to compare with (--python)`);
const subjects = options.subjects.split(',').filter((subject) => torch || !subject.startsWith('torch-'));
for (const precision of subjects.filter((subject) => !subject.startsWith('torch-'))) {
  console.error(`loading in precision ${precision}, compiling where it is not compiled`);
  await measure(precision, '1');
}

const results: Record<string, Record<string, Measure>> = {};
for (const seconds of options.seconds.split(',')) {
  const measures: Record<string, Measure> = {};
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const subject of subjects) {
      const measured = await measure(subject, seconds);
      const before = measures[subject];
      if (!before || total(measured) < total(before)) measures[subject] = measured;
      console.error(`${seconds} s, ${subject}: ${total(measured).toFixed(1)} s`);
    }
  }
  results[seconds] = measures;
  console.log(table(seconds, measures));
}
const machine = { processor: cpus()[0]?.model, threads: Number(options.threads), memoryBytes: totalmem() };
const report = {
  date: new Date().toISOString(),
  machine,
  node: process.version,
  steps: Number(options.steps),
  device: options.device,
  results,
};
writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);

/** The measures for one length as a Markdown table. */
function table(seconds: string, measures: Record<string, Measure>): string {
  const ratio = (subject: string, measured: Measure) => {
    const base = measures[subject];
    return base ? `${(total(base) / total(measured)).toFixed(2)} x` : '';
  };
  const rows = Object.entries(measures).map(([subject, measured]) => {
    const { stages, peakBytes, version } = measured;
    return [
      version ? `${subject} (${version})` : subject,
      stages.load ? stages.load.seconds.toFixed(2) : '',
      ...stageNames.map((stage) => stages[stage]!.seconds.toFixed(2)),
      total(measured).toFixed(1),
      total(measured, 'processorSeconds').toFixed(1),
      ratio('torch-fp32', measured),
      ratio('torch-bf16', measured),
      (peakBytes / 1e9).toFixed(2),
    ];
  });
  const head = [`${seconds} s`, 'load', ...stageNames, 'total', 'processor', 'of fp32', 'of bf16', 'peak GB'];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
