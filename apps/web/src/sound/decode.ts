import { ownUrl, ServiceError, service } from '../service/client.ts';
import { serviceSettings } from '../service/settings.ts';

/** All sounds have one rate, so that they can be played in step. */
export const sampleRate = 44_100;

/** Seconds of sound below which a file counts as broken. */
const shortest = 0.02;

/** Decodes a file. What the browser cannot read, the service may. */
export async function decodeFile(file: Blob, name: string): Promise<AudioBuffer> {
  if (file.size === 0) throw new ServiceError(415, 'not_audio', 'the file is empty');
  const buffer = await decodeHere(await file.arrayBuffer()).catch(() => decodeThere(file, name));
  if (buffer.duration < shortest) throw new ServiceError(415, 'not_audio', 'the file has no sound in it');
  return buffer;
}

/** Decodes a file of the service. */
export async function decodeUrl(url: string): Promise<AudioBuffer> {
  const bytes = await fetchBytes(url);
  return decodeHere(bytes).catch(async () => decodeHere(await fetchBytes(`${url}?format=wav`)));
}

/** The bytes of a file of the service. */
export async function fetchBytes(url: string): Promise<ArrayBuffer> {
  const [path, query] = url.split('?') as [string, string?];
  const response = await fetch(ownUrl(path) + (query ? `?${query}` : '')).catch(() => {
    throw new ServiceError(0, 'unreachable', 'the service does not answer');
  });
  if (response.ok) return response.arrayBuffer();
  const { message = '', error_code: code = 'refused' } = await response.json().catch(() => ({}));
  throw new ServiceError(response.status, code, message);
}

/** Decodes the bytes of a file that browsers read. */
export const decodeBytes = (bytes: ArrayBuffer): Promise<AudioBuffer> => decodeHere(bytes.slice(0));

/** One for all: each keeps a thread until it is collected. */
let decoder: OfflineAudioContext | undefined;

function decodeHere(bytes: ArrayBuffer): Promise<AudioBuffer> {
  decoder ??= new OfflineAudioContext(2, 1, sampleRate);
  return decoder.decodeAudioData(bytes);
}

/** Extensions and first bytes of what no decoder reads: such files are not even sent. */
const signatures = ['%PDF', '\x89PNG', 'PK\x03\x04', 'GIF8', '\xff\xd8\xff', '<!DO', '<htm', '{'];

async function decodeThere(file: Blob, name: string): Promise<AudioBuffer> {
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const text = String.fromCharCode(...start);
  const isText = /^text\/|^image\/|pdf|json|zip/.test(file.type);
  if (serviceSettings.alone || isText || signatures.some((signature) => text.startsWith(signature))) {
    throw new ServiceError(415, 'not_audio', `${name} is not a sound file that can be read here`);
  }
  const { download_url: url } = await service.upload(file, name);
  return decodeHere(await fetchBytes(`${url}?format=wav`));
}
