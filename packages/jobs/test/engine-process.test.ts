import { execFileSync } from 'node:child_process';
import { findModel } from '@retone/checkpoint';
import { afterAll, describe, expect, test } from 'vitest';
import { EngineProcess, type EngineRequest } from '../src/index.ts';

const engine = new EngineProcess(findModel());
afterAll(() => engine.close());

const short: EngineRequest = {
  pipeline: 'text-to-audio',
  seconds: 0.5,
  controls: { prompt: 'soft piano', seed: 1, steps: 1 },
};
const long: EngineRequest = { ...short, seconds: 30, controls: { ...short.controls, steps: 500 } };

/** Process ids of the engines that this process has started. */
function engines(): number[] {
  const listing = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return listing
    .split('\n')
    .filter((line) => line.includes('engine-main'))
    .map((line) => Number.parseInt(line, 10));
}

describe('the engine in its own process', () => {
  test('reports facts of the model and runs requests in order', async () => {
    expect(await engine.load()).toMatchObject({ sampleRate: 44100, audioChannels: 2 });
    const order: number[] = [];
    const results = await Promise.all(
      [0, 1, 2].map((i) => engine.run(short).then((audio) => [order.push(i), audio.shape] as const)),
    );
    expect(order).toEqual([0, 1, 2]);
    for (const [, shape] of results) expect(shape).toEqual([2, 22050]);
  });

  test('passes progress, its own time and errors on', async () => {
    const steps: (number | undefined)[] = [];
    const times: number[] = [];
    await engine.run(
      { ...short, controls: { ...short.controls, steps: 2 } },
      { onProgress: ({ step }) => steps.push(step), onMade: (milliseconds) => times.push(milliseconds) },
    );
    expect(times).toEqual([expect.toSatisfy((milliseconds: number) => milliseconds > 0)]);
    expect(steps.filter((step) => step !== undefined)).toEqual([0, 1, 2]);
    const refused = engine.run({ ...short, seconds: 1e6 });
    await expect(refused).rejects.toMatchObject({
      code: 'too-long',
      message: expect.stringContaining('duration'),
    });
  });

  test('stops when it is asked to, and is there for the next request', async () => {
    const abort = new AbortController();
    const run = engine.run(long, { signal: abort.signal, onProgress: ({ step }) => step === 1 && abort.abort() });
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    expect((await engine.run(short)).shape).toEqual([2, 22050]);
  });

  test('a process that is stopped is killed, its request fails, and the next is done', async () => {
    const watched = new EngineProcess(findModel(), { stallMs: 10_000 });
    try {
      const others = engines();
      await watched.run(short);
      const own = engines().filter((id) => !others.includes(id));
      const stopped = watched.run(long, {
        onProgress: ({ step }) => {
          if (step === 1) for (const id of own) process.kill(id, 'SIGSTOP');
        },
      });
      await expect(stopped).rejects.toMatchObject({ code: 'killed' });
      expect((await watched.run(short)).shape).toEqual([2, 22050]);
    } finally {
      await watched.close();
    }
  });

  test('a signal to the whole group is left to whoever started it', async () => {
    const run = engine.run(short, {
      onProgress: () => {
        for (const id of engines()) for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.kill(id, signal);
      },
    });
    expect((await run).shape).toEqual([2, 22050]);
  });

  test.each([
    ['a crash', 'SIGSEGV', 'crashed'],
    ['a kill from outside', 'SIGKILL', 'killed'],
  ] as const)('%s (%s) fails the request that runs, and not the next', async (_, signal, code) => {
    const end = () => {
      for (const pid of engines()) process.kill(pid, signal);
    };
    const run = engine.run(long, { onProgress: ({ step }) => step === 1 && end() });
    const next = engine.run(short);
    await expect(run).rejects.toMatchObject({ code, message: expect.stringContaining(signal) });
    expect((await next).shape).toEqual([2, 22050]);
  });

  test('a model that cannot be loaded says why', async () => {
    const broken = new EngineProcess('/nowhere');
    await expect(broken.load()).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('/nowhere'),
    });
    await broken.close();
  });
});
