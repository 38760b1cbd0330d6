import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { longMp3 } from '../../../packages/audio/test/long-mp3.ts';
import { main, Workplace } from './retone.ts';

// Of half an hour, five seconds cost what five seconds cost, in the command and in the codec processes that it starts.

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

/** Milliseconds between looks. A process's own peak is kept by the kernel; only its last moments may be missed. */
const pause = 20;

/** Peak memory of a transform of the first five seconds of a file in MB: of the command, and of its largest codec process. */
async function peakOf(file: string): Promise<{ command: number; codec: number }> {
  const flags = ['-p', 'bowed cello', '-d', '5', '--steps', '1', '--precision', 'exact', '-o', 'x.wav', '--overwrite'];
  const child = spawn(process.execPath, [main, 'transform', file, ...flags], { cwd: place.folder, stdio: 'ignore' });
  const peaks = new Map<number, number>();
  const timer = setInterval(() => {
    for (const pid of [child.pid!, ...childrenOf(child.pid!)]) {
      peaks.set(pid, Math.max(peakNow(pid), peaks.get(pid) ?? 0));
    }
  }, pause);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  expect(code).toBe(0);
  const command = peaks.get(child.pid!)!;
  peaks.delete(child.pid!);
  // One process decodes, and when it has ended another one encodes.
  return { command, codec: Math.max(...peaks.values()) };
}

function childrenOf(parent: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.map(Number).filter((pid) => fieldOf(pid, 'PPid') === parent);
}

/** The most memory that a process has had so far, in MB. */
function peakNow(pid: number): number {
  return (fieldOf(pid, 'VmHWM') * 1024) / 1e6;
}

/** A number of a process's status; 0 when it has ended. */
function fieldOf(pid: number, name: string): number {
  try {
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

test.skipIf(process.platform !== 'linux')(
  'five seconds of an mp3 of 30 minutes take less than 400 MB, and what a short one takes',
  { timeout: 240_000 },
  async () => {
    const long = await longMp3(30);
    writeFileSync(place.path('long.mp3'), long);
    writeFileSync(place.path('short.mp3'), long.subarray(0, Math.round((long.length * 6) / 1800)));
    const short = await peakOf('short.mp3');
    const peak = await peakOf('long.mp3');
    expect(peak.command + peak.codec).toBeLessThan(400);
    // Where a peak is depends on when memory is collected.
    expect(peak.command).toBeLessThan(short.command + 60);
    expect(peak.codec).toBeLessThan(short.codec + 30);
  },
);
