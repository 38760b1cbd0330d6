/** One file format, as users know it. */
export interface AudioFormat {
  /** The usual file extension, without the dot; also the format's name here. */
  readonly name: string;
  readonly title: string;
  readonly mediaType: string;
  /** All extensions in use, the usual one first. */
  readonly extensions: readonly string[];
  /** Whether `encodeAudio` writes it. Every format listed can be read. */
  readonly writable: boolean;
  /** Whether samples survive writing and reading unchanged (up to the bit depth). */
  readonly lossless: boolean;
}

/** A format that `encodeAudio` writes. */
export type WritableFormat = 'wav' | 'mp3' | 'flac' | 'ogg' | 'opus' | 'm4a' | 'aac';

type Row = [name: string, title: string, mediaType: string, extensions: string[], writable: boolean, lossless: boolean];

const rows: Row[] = [
  ['wav', 'WAV', 'audio/wav', ['wav', 'wave'], true, true],
  ['mp3', 'MP3', 'audio/mpeg', ['mp3'], true, false],
  ['flac', 'FLAC', 'audio/flac', ['flac'], true, true],
  ['ogg', 'Ogg Vorbis', 'audio/ogg', ['ogg', 'oga'], true, false],
  ['opus', 'Opus', 'audio/ogg; codecs=opus', ['opus'], true, false],
  ['m4a', 'AAC in MPEG-4', 'audio/mp4', ['m4a', 'mp4', 'm4b'], true, false],
  ['aac', 'AAC (ADTS)', 'audio/aac', ['aac'], true, false],
  ['webm', 'WebM', 'audio/webm', ['webm', 'weba', 'mka', 'mkv'], false, false],
  ['aiff', 'AIFF', 'audio/aiff', ['aiff', 'aif'], false, true],
];

/** The formats that `decodeAudio` reads, and which of them `encodeAudio` writes. */
export const audioFormats: readonly AudioFormat[] = rows.map(
  ([name, title, mediaType, extensions, writable, lossless]) => ({
    name,
    title,
    mediaType,
    extensions,
    writable,
    lossless,
  }),
);

/** The formats in words, for messages: "wav, mp3, ... or webm". */
export const readableFormats = inWords(audioFormats.map((format) => format.name));

/** The writable formats in words, for messages. */
export const writableFormats = inWords(audioFormats.filter((f) => f.writable).map((f) => f.name));

/** Whether `encodeAudio` writes a format of this name. */
export function isWritableFormat(name: string): name is WritableFormat {
  return audioFormats.some((format) => format.writable && format.name === name);
}

/** The format that a file name's extension stands for (`take.WAVE` is `wav`), or undefined if it is none of ours. */
export function formatOfFileName(fileName: string): AudioFormat | undefined {
  const extension = /\.([^.]+)$/.exec(fileName)?.[1]?.toLowerCase();
  return audioFormats.find((format) => extension !== undefined && format.extensions.includes(extension));
}

function inWords(names: string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
