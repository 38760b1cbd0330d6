import { RetoneError } from '@retone/client';
import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import { disconnection } from '../disconnection.ts';
import type { Service } from '../service.ts';
import { callerOf } from './caller.ts';
import { given, number, parsed, refusalOf, statusOf } from './parsing.ts';
import { sendSound } from './sound.ts';

// ElevenLabs: text to sound effects. https://elevenlabs.io/docs/api-reference/text-to-sound-effects/convert

const body = z.object({
  text: z.string(),
  duration_seconds: number.nullish(),
  prompt_influence: number.nullish(),
  loop: z.boolean().nullish(),
});
const query = z.object({ output_format: z.string().default('mp3_44100_128') });
/** Length where none is asked for; the service itself would make 30 s. */
const defaultSeconds = 5;
/** Shortest sound of the service, in seconds; the other API allows 0.5. */
const shortest = 1;
/** Guidance scale at the strongest influence. */
const mostGuidance = 10;

export const elevenlabs: FastifyPluginAsync<{ service: Service }> = async (app) => {
  app.setErrorHandler((error, _request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.retryAfter) reply.header('retry-after', refusal.retryAfter);
    // Clients show `message` of 401 and 422, and all of other answers.
    const status = statusOf(refusal) === 400 ? 422 : statusOf(refusal);
    return reply.status(status).send({ detail: { status: refusal.code, message: refusal.message } });
  });

  app.post('/v1/sound-generation', { schema: { hide: true } }, async (request, reply) => {
    const { text, duration_seconds: seconds, prompt_influence: influence, loop } = parsed(body, request.body);
    const format = formatOf(parsed(query, request.query).output_format);
    if (loop) throw new RetoneError(400, 'invalid_parameters', 'loop must be false: seamless loops are not supported');
    const retone = callerOf(app, request, String(request.headers['xi-api-key'] ?? ''));
    const guidance = typeof influence === 'number' ? 1 + influence * (mostGuidance - 1) : undefined;
    const input = {
      prompt: text,
      duration: Math.max(shortest, seconds ?? defaultSeconds),
      output_format: format,
      ...given({ guidance_scale: guidance }),
    };
    const task = await retone.run('text-to-audio', input, { signal: disconnection(reply) });
    return sendSound(reply, retone, task);
  });
};

/** The format in `mp3_44100_128`: the rate is always 44.1 kHz (opus: 48), and each format has its own bit rate. */
function formatOf(text: string): 'mp3' | 'opus' | 'wav' {
  const found = (['mp3', 'opus', 'wav'] as const).find((name) => text.startsWith(`${name}_`));
  if (found) return found;
  throw new RetoneError(400, 'invalid_parameters', `output_format must be mp3_..., opus_... or wav_... (got ${text})`);
}
