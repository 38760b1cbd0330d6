import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { longMp3 } from './long-mp3.ts';

// Of a long recording no more is decoded, or kept, than is wanted.

const minutes = 30;
let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'long-recording-'));
  file = join(folder, 'long.mp3');
  writeFileSync(file, await longMp3(minutes));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Peak memory in MB of a process that decodes a part of the file; `apps/cli/test/memory.test.ts` adds its codec processes. */
async function peakOf(seconds: number | undefined): Promise<{ samples: number; megabytes: number }> {
  const program = `
    import { decodeAudio } from ${JSON.stringify(fileURLToPath(new URL('../src/index.ts', import.meta.url)))};
    const clip = await decodeAudio(${JSON.stringify(file)}, { sampleRate: 44100, channels: 2, maxDuration: 7200, ${seconds === undefined ? '' : `seconds: ${seconds}`} });
    const { maxRSS } = process.resourceUsage();
    process.stdout.write(JSON.stringify({ samples: clip.channels[0].length, kilobytes: maxRSS }));
    process.exit(0);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  await once(child, 'close');
  const { samples, kilobytes } = JSON.parse(out);
  return { samples, megabytes: kilobytes / 1000 };
}

test('five seconds of a recording of 30 minutes take no more memory than five seconds', async () => {
  const part = await peakOf(5);
  expect(part.samples).toBe(5 * 44100);
  expect(part.megabytes).toBeLessThan(400);
  const whole = await peakOf(undefined);
  expect(whole.samples).toBeGreaterThan(minutes * 60 * 44100 * 0.99);
  // The saving, so that the bound above means something.
  expect(whole.megabytes).toBeGreaterThan(part.megabytes + 400);
});
