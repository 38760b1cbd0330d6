import { type ChildProcess, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodeAudio } from '@retone/audio';
import { sha256Of } from '@retone/hub';
import {
  type OfficialShape,
  officialShapes,
  precisions,
  writeOfficialSize,
} from '../../engine/test/official-size/checkpoint.ts';
import { HubServer } from './hub-server.ts';
import { withPublishedTextEncoder } from './workplace.ts';

// A model of official size, with random weights, from a server that speaks the hub's protocol to ten seconds of sound, by the
// command line: `npm run official-pull -- --model medium`. Pulls are killed and connections cut at random points.

const options = parseArgs({
  options: {
    model: { type: 'string', default: 'small-music' },
    /** How the files store weights: F32, F16 or BF16. */
    precision: { type: 'string', default: 'F16' },
    /** Precisions that the model is compiled for before it transforms; exact is not compiled. */
    compute: { type: 'string', default: 'exact' },
    /** How often a pull is killed. */
    kills: { type: 'string', default: '3' },
  },
}).values;
const shape = options.model as OfficialShape;
const precision = precisions.find((each) => each === options.precision);
if (!Object.hasOwn(officialShapes, shape))
  throw new TypeError(`--model is one of ${Object.keys(officialShapes).join(', ')}`);
if (!precision) throw new TypeError(`--precision is one of ${precisions.join(', ')}`);

const place = mkdtempSync(join(tmpdir(), 'retone-official-pull-'));
process.once('exit', () => rmSync(place, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const name = `stable-audio-3-${shape}`;
const repositories = [`stabilityai/${name}`, 'google/t5gemma-b-b-ul2'] as const;
const hub = await HubServer.start();
const { checkpoint, text } = await timed('written', publish);
const total = bytesOf(checkpoint) + bytesOf(text);
console.log(`${(total / 1e9).toFixed(2)} GB`);

await timed(`pulled, killed ${options.kills} times`, async () => {
  let sent = 0;
  for (let left = Number(options.kills); left > 0; left--) {
    const child = retone('models', 'pull', name);
    const until = sent + Math.random() * (total / (Number(options.kills) + 1));
    hub.onSent = (count) => {
      sent = count;
      if (count >= until) child.process.kill('SIGKILL');
    };
    await child.ended.catch(() => {});
    console.log(`  killed when ${(sent / 1e9).toFixed(2)} GB were sent`);
  }
  hub.onSent = undefined;
  hub.faults.cuts = Array.from({ length: 4 }, () => Math.floor(Math.random() * 1e8));
  console.log(`  ${await retone('models', 'pull', name).ended}`);
});
await timed('compared', async () => {
  const folder = join(place, 'models', name);
  for (const path of ['model.safetensors', 't5gemma-b-b-ul2/model.safetensors']) {
    const [published, pulled] = [
      join(path.includes('/') ? text : checkpoint, path.split('/').at(-1)!),
      join(folder, path),
    ];
    if ((await sha256Of(published)) !== (await sha256Of(pulled))) throw new Error(`${path} has other bytes`);
  }
  console.log(`  ${await retone('models', 'verify', name).ended}`);
});
if (options.compute !== 'exact') {
  await timed('compiled', async () => {
    console.log(`  ${await retone('models', 'compile', name, '--precision', options.compute).ended}`);
    console.log(`  ${(folderBytes(join(place, 'cache')) / 1e9).toFixed(2)} GB`);
  });
}
await timed('transformed 10 s', async () => {
  const channel = Float32Array.from({ length: 441000 }, (_, i) => 0.5 * Math.sin(0.03 * i));
  writeFileSync(join(place, 'tone.wav'), await encodeAudio({ sampleRate: 44100, channels: [channel, channel] }, 'wav'));
  const args = ['-p', 'warm strings', '-m', name, '--precision', options.compute, '--json'];
  const files = [join(place, 'tone.wav'), '-o', join(place, 'made.wav')];
  const made = JSON.parse(await retone('transform', ...files, ...args).ended);
  if (made.seconds !== 10 || made.model !== name) throw new Error(JSON.stringify(made));
  console.log(`  ${made.steps} ${made.sampler} steps in ${made.elapsedSeconds.toFixed(0)} s`);
});
await hub.close();
process.exit(0);

/** Publishes the checkpoint as the official ones are: its text encoder is in a separate repository, and both are gated. */
async function publish(): Promise<{ checkpoint: string; text: string }> {
  const [checkpoint, text] = [join(place, 'published'), join(place, 'text')];
  mkdirSync(checkpoint);
  await writeOfficialSize(checkpoint, precision!, shape);
  renameSync(join(checkpoint, 't5gemma-b-b-ul2'), text);
  const path = join(checkpoint, 'model_config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  withPublishedTextEncoder(config);
  writeFileSync(path, JSON.stringify(config));
  hub.publish(repositories[0], checkpoint, 'gated');
  hub.publish(repositories[1], text, 'gated');
  hub.tokens.set('hf_reader', { access: repositories });
  return { checkpoint, text };
}

/** Runs the command; `ended` gives what it printed. */
function retone(...args: string[]): { process: ChildProcess; ended: Promise<string> } {
  const main = fileURLToPath(new URL('../../../apps/cli/src/main.ts', import.meta.url));
  const env = {
    ...process.env,
    HF_ENDPOINT: hub.url,
    HF_TOKEN: 'hf_reader',
    RETONE_MODELS: join(place, 'models'),
    RETONE_CACHE: join(place, 'cache'),
  };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const ended = new Promise<string>((resolve, reject) => {
    child.once('close', (code) =>
      code === 0 ? resolve(printed.trim()) : reject(new Error(`retone ${args[0]}: ${code}`)),
    );
  });
  return { process: child, ended };
}

async function timed<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const started = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return result;
}

function folderBytes(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function bytesOf(folder: string): number {
  return statSync(join(folder, 'model.safetensors')).size;
}
