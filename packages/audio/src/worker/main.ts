import { endWithParent } from '@retone/processes';
import { Log } from 'node-av/lib';
import { AudioError } from '../errors.ts';
import type { Job, Reply } from '../jobs.ts';
import type { Piece } from '../piece.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { probe } from './probe.ts';

// The codec process: takes one job, answers, exits. FFmpeg's objects are not freed one by one: the process ends.

const quiet = -8;
Log.setLevel(quiet as Parameters<typeof Log.setLevel>[0]);

endWithParent();

process.once('message', async (job: Job) => {
  try {
    await send({ kind: 'result', result: await run(job) });
  } catch (error) {
    await send({ kind: 'error', ...describe(error) });
  }
  process.exit();
});

function run(job: Job): Promise<unknown> {
  switch (job.kind) {
    case 'decode':
      return decode(job, (piece: Piece) => send({ kind: 'piece', piece }));
    case 'probe':
      return probe(job);
    case 'encode':
      return encode(job);
  }
}

function describe(error: unknown): { code: AudioError['code']; message: string } {
  if (error instanceof AudioError) return { code: error.code, message: error.message };
  return { code: 'crashed', message: `the codec failed: ${error instanceof Error ? error.message : String(error)}` };
}

/** Resolves when the pipe has taken the message, so that a decoder does not run ahead of its reader. */
function send(reply: Reply): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(reply, undefined, {}, (error) => (error ? reject(error) : resolve()));
  });
}
