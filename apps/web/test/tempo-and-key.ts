// How well tempo and key are recognised: node apps/web/test/tempo-and-key.ts <folder>
// The folder holds sound files whose names begin with what they are: "120_A minor_bass.wav".

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeAudio } from '@retone/audio';
import { keyOf } from '../src/sound/key.ts';
import { tempoOf } from '../src/sound/tempo.ts';

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node apps/web/test/tempo-and-key.ts <folder>');
  process.exit(2);
}
const score = { tempo: 0, octave: 0, key: 0, files: 0, keyed: 0 };
for (const name of (await readdir(folder)).filter((each) => each.endsWith('.wav')).toSorted()) {
  const [tempo, key] = name.split('_') as [string, string];
  const { channels, sampleRate } = await decodeAudio(await readFile(join(folder, name)), { name, sampleRate: 44_100 });
  const mono = channels[0]!.map((sample, i) => (sample + (channels[1] ?? channels[0]!)[i]!) / 2);
  const found = { tempo: tempoOf(mono, sampleRate)?.bpm, key: keyOf(mono, sampleRate)?.name };
  const ratio = (found.tempo ?? 0) / Number(tempo);
  score.files++;
  if (Math.abs(ratio - 1) < 0.04) score.tempo++;
  if ([0.5, 1, 2].some((each) => Math.abs(ratio / each - 1) < 0.04)) score.octave++;
  if (key !== 'none') {
    score.keyed++;
    if (found.key === key) score.key++;
  }
  console.log(`${name.padEnd(44)} ${String(found.tempo ?? '-').padEnd(8)} ${found.key ?? '-'}`);
}
console.log(
  `tempo ${score.tempo} of ${score.files} (${score.octave} with octave errors allowed), key ${score.key} of ${score.keyed}`,
);
