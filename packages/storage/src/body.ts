import type { IncomingMessage } from 'node:http';
import { pipeline, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Deadline } from './deadline.ts';
import { GuardError } from './errors.ts';

/** Some servers compress although they are asked not to. */
const decoders = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
]);

interface Limits {
  /** The sender's name, for messages. */
  host: string;
  maxBytes: number;
  /** The answer to HEAD: its headers speak of a body that does not come. */
  isBodiless: boolean;
  deadline: Deadline;
}

/**
 * The body of a response, decompressed. Neither are more than `maxBytes` received, nor more than that made of them, and
 * it comes piece by piece: a decompression bomb ends there. The connection is closed when this ends, whichever way.
 * @throws GuardError `too-large`, `bad-encoding`, `unreachable`, `timeout` or `aborted`
 */
export async function* bodyOf(response: IncomingMessage, limits: Limits): AsyncGenerator<Uint8Array, void> {
  const { host, maxBytes, deadline } = limits;
  const { 'content-length': length, 'content-encoding': encoding = 'identity' } = response.headers;
  try {
    if (limits.isBodiless) return;
    if (Number(length) > maxBytes) throw tooLarge(limits);
    const received = limited(response, limits);
    if (encoding.toLowerCase() === 'identity') {
      yield* received;
    } else {
      const decoder = decoders.get(encoding.toLowerCase());
      if (!decoder) throw new GuardError('bad-encoding', `"${host}" compresses in a way that is not known here`);
      yield* limited(decompressed(received, decoder(), host), limits);
    }
  } catch (error) {
    throw deadline.explain(error, host);
  } finally {
    response.destroy();
  }
}

async function* limited(chunks: AsyncIterable<Uint8Array>, limits: Limits): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limits.maxBytes) throw tooLarge(limits);
    yield chunk;
  }
}

async function* decompressed(
  chunks: AsyncIterable<Uint8Array>,
  decoder: Transform,
  host: string,
): AsyncGenerator<Uint8Array, void> {
  let failure: unknown;
  async function* watched() {
    try {
      yield* chunks;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  try {
    // Whatever fails on the way fails the decoder, whose bytes these are.
    yield* pipeline(watched(), decoder, () => {}) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw failure ?? new GuardError('bad-encoding', `what "${host}" sent cannot be decompressed`, { cause: error });
  }
}

function tooLarge({ host, maxBytes }: Limits): GuardError {
  return new GuardError('too-large', `"${host}" sends more than the ${maxBytes} bytes that are accepted`);
}
