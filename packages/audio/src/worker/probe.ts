import type { ProbeJob } from '../jobs.ts';
import { openAudio, openParts } from './open.ts';

/** Reads a file's header. */
export interface AudioInfo {
  /** The container, by FFmpeg's name, such as `wav`, `mp3` or `mov,mp4,m4a,3gp,3g2,mj2`. */
  container: string;
  /** The codec, by FFmpeg's name, such as `pcm_s16le`, `vorbis` or `aac`. */
  codec: string;
  /** Hz. */
  sampleRate: number;
  channels: number;
  /** Seconds; undefined where the header does not say. For mp3 and aac it may be an estimate from the bit rate. */
  duration: number | undefined;
}

/** Reads a file's header. */
export async function probe(job: ProbeJob): Promise<AudioInfo> {
  const [part] = openParts(job.source, job.maxBytes);
  const { format, codec, stream, duration } = await openAudio(part!);
  const { sampleRate, channels } = stream.codecpar;
  return { container: format, codec: codec.replace(/float$/, ''), sampleRate, channels, duration };
}
