/** One file format, as users know it. */
export interface AudioFormat {
  /** The usual file extension, without the dot; also the format's name here. */
  readonly name: string;
  readonly title: string;
  readonly mediaType: string;
  /** All extensions in use, the usual one first. */
  readonly extensions: readonly [string, ...string[]];
  /** Whether samples survive writing and reading unchanged (up to the bit depth). */
  readonly lossless: boolean;
}

const writable = {
  wav: { title: 'WAV', mediaType: 'audio/wav', extensions: ['wav', 'wave'], lossless: true },
  mp3: { title: 'MP3', mediaType: 'audio/mpeg', extensions: ['mp3'], lossless: false },
  flac: { title: 'FLAC', mediaType: 'audio/flac', extensions: ['flac'], lossless: true },
  ogg: { title: 'Ogg Vorbis', mediaType: 'audio/ogg', extensions: ['ogg', 'oga'], lossless: false },
  opus: { title: 'Opus', mediaType: 'audio/ogg; codecs=opus', extensions: ['opus'], lossless: false },
  m4a: { title: 'M4A (AAC)', mediaType: 'audio/mp4', extensions: ['m4a', 'mp4', 'm4b'], lossless: false },
  aac: { title: 'AAC (ADTS)', mediaType: 'audio/aac', extensions: ['aac'], lossless: false },
} as const;

/** Formats that Retone reads and does not write. */
const readOnly = {
  webm: { title: 'WebM', mediaType: 'audio/webm', extensions: ['webm', 'weba', 'mka', 'mkv'], lossless: false },
  aiff: { title: 'AIFF', mediaType: 'audio/aiff', extensions: ['aiff', 'aif'], lossless: true },
} as const;

/** The name of a format that Retone writes. */
export type WritableFormat = keyof typeof writable;

/** The names of the formats that Retone writes. */
export const writableFormats = Object.keys(writable) as [WritableFormat, ...WritableFormat[]];

/** The format of a result whose request names none. */
export const defaultFormat: WritableFormat = 'mp3';

/** Bits per sample of wav and flac; 32 is floating point. */
export const bitDepths = [16, 24, 32] as const;
export type BitDepth = (typeof bitDepths)[number];

/** The bit depth of a result whose request names none. */
export const defaultBitDepth: BitDepth = 16;

/** The bit depth that a format has of one that was asked for: flac has no floating point. */
export function bitDepthOf(format: WritableFormat, asked: BitDepth): BitDepth {
  return format === 'flac' && asked === 32 ? 24 : asked;
}

/** Every format that Retone reads; those that it also writes come first. */
export const audioFormats: readonly AudioFormat[] = Object.entries({ ...writable, ...readOnly }).map(
  ([name, format]) => ({ name, ...format }),
);

/** The formats that Retone writes, with their facts. */
export function formatNamed(name: WritableFormat): AudioFormat {
  return { name, ...writable[name] };
}

export function isWritableFormat(name: string): name is WritableFormat {
  return Object.hasOwn(writable, name);
}

/** The format that a file name's extension stands for (`take.WAVE` is `wav`); undefined for any other extension. */
export function formatOfFileName(fileName: string): AudioFormat | undefined {
  const extension = /\.([^.]+)$/.exec(fileName)?.[1]?.toLowerCase();
  return audioFormats.find((format) => extension !== undefined && format.extensions.includes(extension));
}

/** Names in words, for messages: `wav, mp3 or flac`. */
export function inWords(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
