import { closeSync, openSync, readSync } from 'node:fs';

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
export function mistaken(path: string): string | undefined {
  const start = Buffer.alloc(200);
  try {
    const descriptor = openSync(path, 'r');
    const length = readSync(descriptor, start, 0, start.length, 0);
    closeSync(descriptor);
    const text = start.toString('latin1', 0, length);
    const hex = start.toString('hex', 0, length);
    const found = texts.find(([form]) => form.test(text)) ?? signatures.find(([bytes]) => hex.startsWith(bytes));
    return found?.[1];
  } catch {
    return undefined;
  }
}
