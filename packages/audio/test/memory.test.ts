import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeAudio } from '@retone/audio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sweeps } from './signals.ts';

// Of a long recording no more is decoded, or kept, than is wanted.

const minutes = 30;
let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'long-recording-'));
  file = join(folder, 'long.mp3');
  // The frames of a short file, over and over: what an encoder would need half a minute for.
  const short = Buffer.from(await encodeAudio(sweeps(44100, 2, 10), 'mp3'));
  const start = frames(short);
  writeFileSync(file, Buffer.concat(Array.from({ length: (minutes * 60) / 10 }, () => start)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The frames of an mp3 file without its tags, which hold its length. */
function frames(mp3: Buffer): Buffer {
  const tag =
    mp3.toString('latin1', 0, 3) === 'ID3' ? 10 + mp3.subarray(6, 10).reduce((n, byte) => n * 128 + byte, 0) : 0;
  const info = Math.max(mp3.indexOf('Xing', tag), mp3.indexOf('Info', tag));
  const sync = (from: number) => {
    let at = from;
    while (!(mp3[at] === 0xff && (mp3[at + 1]! & 0xe0) === 0xe0)) at++;
    return at;
  };
  return mp3.subarray(info > 0 ? sync(info + 100) : sync(tag));
}

/** Peak memory in MB of a process that decodes a part of the file, and of the codec process that it starts, together. */
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
