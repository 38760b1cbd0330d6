import {
  type AudioCodec,
  BlobSource,
  BufferTarget,
  Conversion,
  FlacOutputFormat,
  Input,
  type MetadataTags,
  Mp3OutputFormat,
  Mp4OutputFormat,
  OggOutputFormat,
  Output,
  type OutputFormat,
  WAVE,
} from 'mediabunny';

// Formats that this browser writes by itself; loaded with the first download of one.

const formats: Record<string, [make: () => OutputFormat, codec: AudioCodec, bitrate?: number]> = {
  flac: [() => new FlacOutputFormat(), 'flac'],
  mp3: [() => new Mp3OutputFormat(), 'mp3', 256_000],
  opus: [() => new OggOutputFormat(), 'opus', 192_000],
  m4a: [() => new Mp4OutputFormat(), 'aac', 256_000],
};

/** Encoders that browsers lack. */
const encoders: Record<string, () => Promise<void>> = {
  flac: async () => (await import('@mediabunny/flac-encoder')).registerFlacEncoder(),
  mp3: async () => (await import('@mediabunny/mp3-encoder')).registerMp3Encoder(),
};
const registered = new Map<string, Promise<void>>();

/**
 * A WAV file in another format.
 *
 * @param format one of those that the menu shows
 * @throws Error when this browser cannot write it
 */
export async function encoded(wav: Blob, format: string, mediaType: string, tags: MetadataTags): Promise<Blob> {
  const [make, codec, bitrate] = formats[format]!;
  const encoder = encoders[format];
  if (encoder && !registered.has(format)) registered.set(format, encoder());
  await registered.get(format);
  const target = new BufferTarget();
  const conversion = await Conversion.init({
    input: new Input({ source: new BlobSource(wav), formats: [WAVE] }),
    output: new Output({ format: make(), target }),
    audio: { codec, ...(bitrate && { bitrate }), forceTranscode: true },
    tags,
  });
  if (!conversion.isValid) throw new Error(`this browser cannot write ${format}`);
  await conversion.execute();
  return new Blob([target.buffer!], { type: mediaType });
}
