import { decodeAudio } from '@retone/audio';
import { audioOf, type Tensor } from '@retone/engine';
import { UsageError } from './arguments.ts';

/** A recording as a tensor [channels, samples] at a model's rate. */
export async function readAudio(file: string, sampleRate: number, signal: AbortSignal): Promise<Tensor> {
  const clip = await decodeAudio(file, { sampleRate, channels: 2, signal });
  return audioOf(clip.channels);
}

/** @throws UsageError when there is not exactly one file on the command line */
export function oneFile(positionals: string[]): string {
  if (positionals.length === 1) return positionals[0]!;
  if (positionals.length === 0) throw new UsageError('there is no file to work on');
  throw new UsageError(`"${positionals[1]}" is one argument too many; give one file`);
}
