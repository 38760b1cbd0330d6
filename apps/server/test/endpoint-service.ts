import { afterAll, beforeAll, expect } from 'vitest';
import { type Running, startService } from './service.ts';

// A service without a worker for the tests of a file about endpoints, and the forms of its answers.

export let running: Running;
beforeAll(async () => {
  running = await startService({
    worker: false,
    settings: { RETONE_QUEUE_LIMIT: '200', RETONE_REQUESTS_PER_MINUTE: '100000', RETONE_MAX_UPLOAD_MB: '1' },
  });
});
afterAll(() => running.close());

/** Path of the models, and of the one that needs no source. */
export const root = '/api/v3/stability-ai/stable-audio-3';
export const music = `${root}/music`;

/** An answer of this code. */
export const envelope = (code: number, more: object = {}) => ({ code, message: expect.stringMatching(/\w/), ...more });

export const refusal = (code: number, errorCode?: string) =>
  envelope(code, { data: null, error_code: errorCode ?? expect.any(String) });

/** Submits a task of music, and returns its id. */
export async function submit(call: Running['call'] = running.call, prompt = 'x'): Promise<string> {
  const { body } = await call('POST', music, { prompt });
  return body.data.id;
}
