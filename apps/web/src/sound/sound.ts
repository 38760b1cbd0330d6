import { ownUrl, ServiceError, service } from '../service/client.ts';
import { drop, hold } from './analysis.ts';

/** A decoded recording with what is known of it. */
export interface Sound {
  buffer: AudioBuffer;
  /** Seconds. */
  duration: number;
  /** From 0 to 1, of equal parts. */
  peaks: Float32Array;
  /** Integrated, in LUFS; -Infinity for silence. */
  loudness: number;
  /** Its number in the worker. */
  held: number;
}

/** All sounds have one rate, so that they can be played in step. */
const sampleRate = 44_100;

/** Decodes a file. What the browser cannot read, the service may. */
export async function decode(file: Blob, name: string): Promise<Sound> {
  if (file.size === 0) throw new ServiceError(415, 'not_audio', 'the file is empty');
  return soundOf(await decodeHere(await file.arrayBuffer()).catch(() => decodeThere(file, name)));
}

const byUrl = new Map<string, Promise<Sound>>();
const mostKept = 12;

/** Decodes a file of the service; a few of the latest are kept. */
export function decodeUrl(url: string): Promise<Sound> {
  const known = byUrl.get(url);
  if (known) return known;
  const sound = fetchBytes(url)
    .then(decodeHere)
    .catch(async (error) => {
      if (error instanceof ServiceError) throw error;
      return decodeHere(await fetchBytes(`${url}?format=wav`));
    })
    .then(soundOf);
  sound.catch(() => byUrl.delete(url));
  byUrl.set(url, sound);
  for (const old of byUrl.keys()) if (byUrl.size > mostKept) byUrl.delete(old);
  return sound;
}

/** The bytes of a file of the service. */
export async function fetchBytes(url: string): Promise<ArrayBuffer> {
  const [path, query] = url.split('?') as [string, string?];
  const response = await fetch(ownUrl(path) + (query ? `?${query}` : '')).catch(() => {
    throw new ServiceError(0, 'unreachable', 'The service does not answer.');
  });
  if (response.ok) return response.arrayBuffer();
  const { message = '', error_code: code = 'refused' } = await response.json().catch(() => ({}));
  throw new ServiceError(response.status, code, message);
}

function decodeHere(bytes: ArrayBuffer): Promise<AudioBuffer> {
  return new OfflineAudioContext(2, 1, sampleRate).decodeAudioData(bytes);
}

async function decodeThere(file: Blob, name: string): Promise<AudioBuffer> {
  const { download_url: url } = await service.upload(file, name);
  return decodeHere(await fetchBytes(`${url}?format=wav`));
}

/** The worker's copy of a sound goes when nobody has the sound any more. */
const forgotten = new FinalizationRegistry(drop);

async function soundOf(buffer: AudioBuffer): Promise<Sound> {
  const { peaks, loudness, sound } = await hold(buffer);
  const made = { buffer, duration: buffer.duration, peaks, loudness, held: sound };
  forgotten.register(made, sound);
  return made;
}
