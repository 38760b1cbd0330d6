import { audioToAudio, engineSettings, loadModel } from '@retone/engine';

// One measured transform in a separate process: transform.ts <model> <seconds> <precision> <threads> <steps> <device>.
// Prints one line of JSON, as reference.py does.

type Arguments = [folder: string, seconds: string, precision: string, threads: string, steps: string, device: string];
const [folder, length, precision, threads, steps, device] = process.argv.slice(2) as Arguments;
const seconds = Number(length);

const stages: Record<string, { seconds: number; processorSeconds: number }> = {};
let stage = 'load';
let since = now();

/** Clock and processor time, in seconds. */
function now() {
  const { user, system } = process.cpuUsage();
  return { clock: performance.now() / 1000, processor: (user + system) / 1e6 };
}

function enter(next: string): void {
  if (next === stage) return;
  const at = now();
  stages[stage] = { seconds: at.clock - since.clock, processorSeconds: at.processor - since.processor };
  [stage, since] = [next, at];
}

const model = await loadModel(folder, {
  ...engineSettings({ precision, device, threads: Number(threads) }),
  // What is not computed as asked for is not what was to be measured.
  onFallback(message) {
    throw new Error(message);
  },
});
const samples = Math.floor(seconds * model.sampleRate);
const data = new Float32Array(2 * samples);
for (let i = 0; i < data.length; i++) data[i] = 0.5 * Math.sin(0.03 * (i % samples));
await audioToAudio(model, {
  audio: { data, shape: [2, samples] },
  prompt: 'warm strings over a slow drum',
  seconds,
  steps: Number(steps),
  sampler: 'pingpong',
  seed: 1,
  onProgress: (progress) => enter(progress.stage),
});
enter('end');

const peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ stages, peakBytes }));
