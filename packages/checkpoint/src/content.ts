import type { Bytes } from './files.ts';

/** How texts begin that came in place of a file, and what they are. */
const texts: [RegExp, string][] = [
  [
    /^(ï»¿)?\s*<(!doctype|html|head|\?xml|!--)/i,
    'is a web page, perhaps of a login or a captive portal; download the file again',
  ],
  [/^version https:\/\/git-lfs/, 'is a pointer of Git LFS and not the file itself; run git lfs pull'],
  [/^\s*\{\s*"error"/, "is a server's error message; download the file again"],
  [/^GGUF/, 'is a GGUF file'],
];

/** How other kinds of files begin, in hex. */
const signatures: [string, string][] = [
  ['504b0304', 'is a zip archive, as PyTorch writes pickles, which can run code when they are read'],
  ['8002', 'is a pickle, which can run code when it is read'],
  ['8004', 'is a pickle, which can run code when it is read'],
  ['1f8b08', 'is compressed with gzip; unpack it first'],
];

/** Describes a file, as the end of a sentence, if its first bytes are those of another format. */
export function mistaken(bytes: Bytes): string | undefined {
  const start = new Uint8Array(200);
  const read = start.subarray(0, bytes.read(start, 0));
  const text = new TextDecoder('latin1').decode(read);
  const hex = [...read.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const found = texts.find(([form]) => form.test(text)) ?? signatures.find(([mark]) => hex.startsWith(mark));
  return found?.[1];
}
