import { type BitDepth, wavFile } from '../sound/wav.ts';
import { resultIdOf, resultSound } from './results.ts';

// The service worker: answers the URLs of this device's results, and for a page without a service makes it work offline and
// isolates it from other origins, which WebAssembly's threads need, where the host sends no such headers.

// The page's TypeScript has the types of a document, not those of a service worker.
declare const self: {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  registration: { scope: string };
  addEventListener(
    type: 'install' | 'activate' | 'message',
    listen: (event: { waitUntil(work: Promise<void>): void }) => void,
  ): void;
  addEventListener(type: 'fetch', listen: (event: FetchEvent) => void): void;
};
interface FetchEvent {
  request: Request;
  respondWith(response: Promise<Response>): void;
}
/** Written by the build. */
declare const __OFFLINE__: { name: string; files: string[] } | null;

/** The build's name and the files of a page that works offline; null beside a service. */
const offline = __OFFLINE__;

const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
};

self.addEventListener('install', (event) => {
  event.waitUntil(installed());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(activated());
});

self.addEventListener('message', (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  const id = resultIdOf(url.pathname);
  if (id) event.respondWith(sound(id, url.searchParams, event.request.headers.get('range')));
  else if (offline) event.respondWith(page(event.request, offline.name));
});

async function installed(): Promise<void> {
  await self.skipWaiting();
  if (offline) await Promise.all(offline.files.map((file) => page(new Request(file), offline.name)));
}

async function activated(): Promise<void> {
  await self.clients.claim();
  // Other pages of the same host have caches too.
  for (const name of await caches.keys())
    if (name.startsWith('retone-') && name !== offline?.name) await caches.delete(name);
}

/** A file of the page: from the cache, or from the network and kept for the next time. */
async function page(request: Request, name: string): Promise<Response> {
  const cache = await caches.open(name);
  const key = request.mode === 'navigate' ? new URL('./', self.registration.scope).href : request.url;
  const known = await cache.match(key);
  if (known) return known;
  const response = await fetch(request);
  if (!response.ok || response.status === 206) return response;
  const isolated = new Response(response.body, {
    status: response.status,
    // Not all of them: the body is no longer compressed, and may have another length.
    headers: { 'content-type': response.headers.get('content-type') ?? '', ...isolation },
  });
  await cache.put(key, isolated.clone());
  return isolated;
}

/** A result's sound, in the depth that is asked for; of it the range that a player wants. */
async function sound(id: string, query: URLSearchParams, range: string | null): Promise<Response> {
  const file = await resultSound(id);
  if (!file) return Response.json({ message: 'this browser no longer has the result' }, { status: 404 });
  const depth = Number(query.get('bit_depth') ?? 32);
  const body = depth === 32 ? file : new Blob([inDepth(await file.arrayBuffer(), depth as BitDepth)]);
  const headers = { 'content-type': 'audio/wav', 'accept-ranges': 'bytes', ...isolation };
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (first === undefined) return new Response(body, { headers });
  const end = last ? Math.min(Number(last) + 1, body.size) : body.size;
  const place = `bytes ${first}-${end - 1}/${body.size}`;
  return new Response(body.slice(Number(first), end), { status: 206, headers: { ...headers, 'content-range': place } });
}

/** A file of this page's own, 32-bit floats behind a header of 44 bytes, in another depth. */
function inDepth(file: ArrayBuffer, depth: BitDepth): ArrayBuffer {
  const view = new DataView(file);
  const count = view.getUint16(22, true);
  const samples = new Float32Array(file, 44);
  const channels = Array.from({ length: count }, (_, c) =>
    Float32Array.from({ length: samples.length / count }, (_, i) => samples[i * count + c]!),
  );
  return wavFile(channels, view.getUint32(24, true), depth);
}
