import { expect } from 'vitest';
import type { Running } from './service.ts';

/** Path of the models, and of the one that needs no source. */
export const root = '/api/v3/stability-ai/stable-audio-3';
export const music = `${root}/music`;

/** An answer of this code. */
export const envelope = (code: number, more: object = {}) => ({ code, message: expect.stringMatching(/\w/), ...more });

export const refusal = (code: number, errorCode?: string) =>
  envelope(code, { data: null, error_code: errorCode ?? expect.any(String) });

/** Submits a task of music, and returns its id. */
export async function submitMusic(call: Running['call'], prompt = 'x'): Promise<string> {
  const { body } = await call('POST', music, { prompt });
  return body.data.id;
}
