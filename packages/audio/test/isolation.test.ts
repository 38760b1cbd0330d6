import { execFileSync } from 'node:child_process';
import { AudioError, decodeAudio, encodeAudio } from '@retone/audio';
import { describe, expect, test } from 'vitest';
import { runJob } from '../src/codec-process.ts';
import type { Job } from '../src/jobs.ts';
import { sweeps } from './signals.ts';
import { wav } from './wav.ts';

const job: Job = { kind: 'probe', source: { name: 'x.mp3', bytes: new Uint8Array(1) }, maxBytes: 1 };
const worker = (name: string) => new URL(`workers/${name}.ts`, import.meta.url);
const limits = { timeout: 60_000, signal: undefined };

function run(name: string, how = limits as { timeout: number; signal: AbortSignal | undefined }): Promise<unknown> {
  return runJob(job, 'x.mp3', how, undefined, worker(name)).catch((error: unknown) => error);
}

describe('a codec process that', () => {
  test.each(['crash', 'quit'])('fails by %s fails its own request only', async (name) => {
    const other = decodeAudio(wav(sweeps(8000, 1, 0.1), 's16'));
    const error = await run(name);
    expect(error).toBeInstanceOf(AudioError);
    expect(error).toMatchObject({ code: 'crashed', message: expect.stringMatching(/^x\.mp3 made the codec stop/) });
    expect((await other).channels[0]!.length).toBe(800);
  });

  test('hangs is killed when its time is over', async () => {
    const error = await run('hang', { timeout: 1, signal: undefined });
    expect(error).toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/^x\.mp3 took longer than 0.001 s/),
    });
  });

  test('hangs is killed when the request is aborted, and is gone then', async () => {
    const controller = new AbortController();
    let id = 0;
    const request = runJob(
      job,
      'x.mp3',
      { timeout: 60_000, signal: controller.signal },
      ([samples]) => {
        id = samples![0]!;
        controller.abort();
      },
      worker('hang'),
    );
    await expect(request).rejects.toMatchObject({ code: 'aborted' });
    expect(id).toBeGreaterThan(0);
    expect(() => process.kill(id, 0)).toThrow('ESRCH');
  });

  test('cannot be started fails its request', async () => {
    expect(await run('missing')).toMatchObject({ code: 'crashed' });
  });
});

describe('a signal', () => {
  test('that is already aborted starts nothing', async () => {
    const signal = AbortSignal.abort();
    await expect(decodeAudio('x.wav', { signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  test('stops decoding and encoding', async () => {
    const controller = new AbortController();
    const clip = sweeps(44100, 2, 2);
    const requests = [
      decodeAudio(wav(clip, 's16'), { signal: controller.signal }),
      encodeAudio(clip, 'mp3', { signal: controller.signal }),
    ];
    controller.abort();
    for (const { status, reason } of (await Promise.allSettled(requests)) as PromiseRejectedResult[]) {
      expect([status, reason.code]).toEqual(['rejected', 'aborted']);
    }
  });
});

test('a process that is kept ready takes one job, and keeps no program from ending', () => {
  const program = `
    import { decodeAudio, encodeAudio, keepCodecReady } from '@retone/audio';
    keepCodecReady();
    const clip = { sampleRate: 8000, channels: [new Float32Array(800)] };
    const lengths = [];
    for (let i = 0; i < 3; i++) lengths.push((await decodeAudio(await encodeAudio(clip, 'wav'))).channels[0].length);
    console.log(lengths.join());`;
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  expect(said).toBe('800,800,800\n');
});

test('a time limit of next to nothing is reported as such', async () => {
  const error = await decodeAudio(wav(sweeps(8000, 1, 0.1), 's16'), { timeout: 1 }).catch((reason) => reason);
  expect(error).toMatchObject({ code: 'timeout' });
});
