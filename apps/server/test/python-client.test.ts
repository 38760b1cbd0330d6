import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startService } from './service.ts';

// The hosted service's own Python SDK, unmodified, whose users pass None for what they leave out. RETONE_TEST_PYTHON is a
// Python that has it (`pip install wavespeed`).

const python = process.env.RETONE_TEST_PYTHON ?? 'python3';
const hasSdk = spawnSync(python, ['-c', 'import wavespeed']).status === 0;
if (!hasSdk) console.warn(`skipped: the Python SDK, as ${python} has no package wavespeed`);

const riff = fileURLToPath(new URL('../../../examples/riff.wav', import.meta.url));
const program = `
import json, os, sys
from wavespeed import Client
client = Client(api_key=os.environ["KEY"], base_url=os.environ["URL"])
audio = client.upload(sys.argv[1])
quick = {"num_inference_steps": 1, "seed": None, "guidance_scale": None, "negative_prompt": None, "output_format": "wav"}
for name, more in json.loads(sys.argv[2]).items():
    given = {"prompt": "a cello", **quick, **{key: audio if value == "AUDIO" else value for key, value in more.items()}}
    result = client.run("stability-ai/stable-audio-3/" + name, given, poll_interval=0.2)
    print(name, len(result["outputs"]), result["outputs"][0])
`;
const more = {
  music: { duration: 1, model: 'music' },
  'text-to-audio': { duration: 1, loras: null },
  'audio-to-audio': { audio: 'AUDIO', duration: 1, init_noise_level: null },
  'audio-inpainting': { audio: 'AUDIO', mask_start_seconds: null, mask_end_seconds: null },
  'audio-outpainting': { audio: 'AUDIO', extend_seconds_before: null, extend_seconds_after: 1 },
};

test.skipIf(!hasSdk)('the Python SDK runs all five models, with None for what is left out', async () => {
  // Nothing to compile first.
  const running = await startService({ settings: { RETONE_PRECISION: 'exact' } });
  onTestFinished(() => running.close());
  const env = { ...process.env, KEY: running.key, URL: running.url };
  const { stdout } = await promisify(execFile)(python, ['-c', program, riff, JSON.stringify(more)], { env });
  const lines = stdout.trim().split('\n');
  expect(lines.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(
    Object.keys(more).map((name) => `${name} 1`),
  );
  for (const line of lines) {
    const file = await fetch(line.split(' ')[2]!);
    expect([file.status, file.headers.get('content-type')]).toEqual([200, 'audio/wav']);
  }
});
