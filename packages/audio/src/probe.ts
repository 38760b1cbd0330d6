import { runJob } from './codec-process.ts';
import { checkedLimits, defaultMaxBytes, type Limits } from './limits.ts';
import { sourceOf } from './source.ts';
import type { AudioInfo } from './worker/probe.ts';

export type { AudioInfo };

export interface ProbeOptions extends Limits {
  /** The input's name in messages, if it is bytes. */
  name?: string | undefined;
  /** Largest file, bytes; 4 GiB if not given. */
  maxBytes?: number | undefined;
}

/**
 * Reads what a sound file's header says, without decoding it, in a separate process.
 *
 * @param input a path, or the file's bytes
 * @throws AudioError as `decodeAudio`
 */
export async function probeAudio(input: string | Uint8Array, options: ProbeOptions = {}): Promise<AudioInfo> {
  const source = sourceOf(input, options.name);
  const job = { kind: 'probe', source, maxBytes: options.maxBytes ?? defaultMaxBytes } as const;
  return runJob(job, source.name, checkedLimits(options));
}
