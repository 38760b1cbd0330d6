import { loadModel } from '../../src/load.ts';
import { audioToAudio } from '../../src/pipelines.ts';

// The measured process: loads the checkpoint given as its argument, transforms 30 s, and reports its progress to its parent.

const seconds = 30;
const [folder] = process.argv.slice(2) as [string];
const enter = (stage: string) => {
  const { user, system } = process.cpuUsage();
  process.send!({ stage, processor: (user + system) / 1e6 });
};

enter('load');
const model = await loadModel(folder);
const samples = seconds * model.sampleRate;
const audio = { data: new Float32Array(2 * samples), shape: [2, samples] };
for (let c = 0; c < 2; c++) {
  for (let i = 0; i < samples; i++) audio.data[c * samples + i] = 0.5 * Math.sin((0.03 + 0.01 * c) * i);
}
let current = '';
const result = await audioToAudio(model, {
  audio,
  seconds,
  prompt: 'warm strings over a slow drum',
  steps: 8,
  sampler: 'pingpong',
  seed: 1,
  onProgress({ stage }) {
    if (stage !== current) enter(stage);
    current = stage;
  },
});
enter('release');
await model.release();
const loudest = result.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
process.send!({ shape: result.shape, loudest });
process.disconnect();
