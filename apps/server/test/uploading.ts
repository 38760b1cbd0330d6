import type { Running } from './service.ts';

/** Bytes that are no sound. */
export const bytes = (size: number) => Uint8Array.from({ length: size }, (_, i) => i % 251);

/** Uploads a file, and returns its URL. */
export async function upload(
  running: Running,
  name: string,
  content = bytes(1000),
  type = 'audio/wav',
): Promise<string> {
  const { body } = await sendForm(running, (form) => form.append('file', new Blob([content], { type }), name));
  return body.data.download_url;
}

/** Posts a form with the account's key. */
export async function sendForm(running: Running, fill: (form: FormData) => void, path = '/api/v3/media/upload/binary') {
  const form = new FormData();
  fill(form);
  const headers = { authorization: `Bearer ${running.key}` };
  const response = await fetch(running.url + path, { method: 'POST', headers, body: form });
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is for the test to say
  return { status: response.status, body: (await response.json()) as any };
}
