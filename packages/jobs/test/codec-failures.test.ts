import { execFileSync } from 'node:child_process';
import { encodeAudio } from '@retone/audio';
import { openDatabase } from '@retone/database';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endless, type Machine, Workplace } from './workplace.ts';

// A recording that crashes its decoder, as far as one can be had: the decoder gets a signal under it.

let place: Workplace;
let machine: Machine;

beforeEach(async () => {
  const database = await openDatabase();
  const unused = () => Promise.reject(new Error('not needed'));
  place = await Workplace.open({ kind: 'pglite', open: async () => database, newUrl: unused });
  machine = await place.machine();
  const sound = { sampleRate: 44100, channels: [new Float32Array(44100)] };
  await place.store.put('uploads/bad', await encodeAudio(sound, 'wav'));
  await machine.work({ atOnce: 2, codingTimeoutMs: 5_000 });
  return () => database.close();
});
afterEach(() => place.close());

/** Sends a signal to every codec process of this one. */
function signalCodecs(signal: NodeJS.Signals): void {
  const listing = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  for (const line of listing.split('\n')) {
    if (!/audio.src.worker.main/.test(line)) continue;
    try {
      process.kill(Number.parseInt(line, 10), signal);
    } catch {} // it has ended
  }
}

/** Submits a task with a recording whose decoding meets a signal, while another task is in the engine. */
async function taskThatMeets(signal: NodeJS.Signals, times = Infinity) {
  const account = await place.account();
  const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  machine.engine.work = async (prompt) => {
    if (prompt !== 'other') return;
    begun.resolve();
    await end.promise;
  };
  const other = await place.submit(machine, account, { prompt: 'other' });
  await begun.promise;

  const read = place.store.read.bind(place.store);
  let signalling: NodeJS.Timeout | undefined;
  let reads = 0;
  place.store.read = async (key) => {
    const bytes = await read(key);
    if (++reads > times) clearInterval(signalling);
    else signalling ??= setInterval(() => signalCodecs(signal), 5);
    return bytes;
  };
  const { id } = await place.submit(machine, account, { sourceKey: 'uploads/bad' });
  const task = await place.until(id, 'completed', 'failed');
  clearInterval(signalling);
  signalCodecs('SIGKILL');
  end.resolve();
  return { task, other: await place.until(other.id, 'completed', 'failed'), account };
}

test('a recording that crashes its decoder (SIGSEGV) fails its own task only, after three tries', async () => {
  const { task, other, account } = await taskThatMeets('SIGSEGV');
  const error = expect.stringMatching(/stop unexpectedly/);
  expect(task).toMatchObject({ status: 'failed', attempts: 3, errorCode: 'audio_failed', error });
  // The process kept ready for the next file met the signal too, which may cost the other task a try.
  expect(other).toMatchObject({ status: 'completed', error: '' });
  await place.until((await place.submit(machine, account)).id, 'completed');
});

test.each(['SIGKILL', 'SIGSTOP'] as const)('a decoder that meets %s from outside fails no task', async (signal) => {
  const { task, other } = await taskThatMeets(signal, 4);
  expect(task).toMatchObject({ status: 'completed', failedTries: 0, attempts: expect.toSatisfy((tries) => tries > 4) });
  expect(other).toMatchObject({ status: 'completed', error: '' });
});

test('a worker that starts again on the embedded database takes up at once what it had', async () => {
  const account = await place.account();
  const begun = Promise.withResolvers<void>();
  machine.engine.work = endless(begun.resolve);
  const { id } = await place.submit(machine, account);
  await begun.promise;
  const again = await place.machine();
  await again.work();
  expect(await place.until(id, 'completed')).toMatchObject({ attempts: 2 });
});
