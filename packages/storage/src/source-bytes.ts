import { GuardError } from './errors.ts';
import { type GuardOptions, guardedFetch } from './guarded-fetch.ts';
import { inlineBytes } from './inline-bytes.ts';

/** Characters of a text that are looked at together. */
const pieceLength = 2 ** 20;

/**
 * The bytes of a file that a client gave as a parameter: an http or https URL, or what `inlineBytes` takes.
 * @throws GuardError any code
 */
export async function sourceBytes(value: string, options: GuardOptions): Promise<Uint8Array> {
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(value.slice(0, 100))?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return fetched(value, options);
  return gathered(inlineBytes(inPieces(value), options.maxBytes));
}

async function fetched(url: string, options: GuardOptions): Promise<Uint8Array> {
  const response = await guardedFetch(url, options);
  if (response.status < 200 || response.status > 299) {
    response.close();
    const { host } = new URL(response.url);
    throw new GuardError('http-status', `"${host}" answered ${response.status} instead of the file`);
  }
  return gathered(response.body);
}

function* inPieces(text: string): Generator<string, void> {
  for (let at = 0; at < text.length; at += pieceLength) yield text.slice(at, at + pieceLength);
}

async function gathered(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}
