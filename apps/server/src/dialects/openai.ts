import { type ModelName, type Retone, RetoneError } from '@retone/client';
import { shortName } from '@retone/contract';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { disconnection } from '../disconnection.ts';
import type { Service } from '../service.ts';
import { callerOf, keyOf } from './caller.ts';
import { formOf, takeForms } from './form.ts';
import { given, number, parsed, refusalOf, statusOf } from './parsing.ts';
import { sendSound } from './sound.ts';

// OpenAI style: /v1/audio/speech as their clients have it, though what is made is sound and not speech; /v1/audio/edits takes a
// recording as /v1/images/edits takes a picture. https://platform.openai.com/docs/api-reference/audio

const formats = { mp3: 'mp3', wav: 'wav', flac: 'flac', opus: 'opus', aac: 'aac' } as const;
const format = z.enum(Object.keys(formats) as [keyof typeof formats], {
  error: `must be ${Object.keys(formats).join(', ')}`,
});
const common = {
  model: z.string().optional(),
  response_format: format.default('mp3'),
  seed: number.optional(),
  steps: number.optional(),
  guidance_scale: number.optional(),
  negative_prompt: z.string().optional(),
};
const speech = z.object({ ...common, input: z.string(), duration: number.default(10) });
const edit = z.object({
  ...common,
  prompt: z.string(),
  duration: number.optional(),
  strength: number.optional(),
  mask_start: number.optional(),
  mask_end: number.optional(),
  extend_before: number.optional(),
  extend_after: number.optional(),
});

export const openai: FastifyPluginAsync<{ service: Service }> = async (app) => {
  await takeForms(app);
  app.setErrorHandler((error, _request, reply) => {
    const refusal = refusalOf(error);
    const status = statusOf(refusal);
    const type = status === 401 ? 'authentication_error' : status < 500 ? 'invalid_request_error' : 'server_error';
    if (refusal.retryAfter) reply.header('retry-after', refusal.retryAfter);
    return reply.status(status).send({ error: { message: refusal.message, type, param: null, code: refusal.code } });
  });
  const retoneOf = (request: FastifyRequest) => callerOf(app, request, keyOf(request, 'Bearer'));

  app.get('/v1/models', { schema: { hide: true } }, async (request) => {
    const models = await retoneOf(request).models();
    const data = models.map(({ model_id }) => ({
      id: shortName(model_id),
      object: 'model',
      created: 0,
      owned_by: 'retone',
    }));
    return { object: 'list', data };
  });

  app.post('/v1/audio/speech', { schema: { hide: true } }, async (request, reply) => {
    const { input: prompt, duration, model, ...rest } = parsed(speech, request.body);
    const name = model === 'music' ? 'music' : 'text-to-audio';
    return run(retoneOf(request), reply, name, { prompt, duration, ...making(rest) });
  });

  app.post('/v1/audio/edits', { schema: { hide: true } }, async (request, reply) => {
    const { fields, audio } = await formOf(app, request, keyOf(request, 'Bearer'));
    if (!audio) throw new RetoneError(400, 'no_file', 'the form has no part named "file" with a recording');
    const { prompt, duration, strength, mask_start, mask_end, extend_before, extend_after, ...rest } = parsed(
      edit,
      fields,
    );
    const input = { audio, prompt, ...making(rest) };
    const retone = retoneOf(request);
    if (mask_start !== undefined || mask_end !== undefined) {
      const mask = given({ mask_start_seconds: mask_start, mask_end_seconds: mask_end });
      return run(retone, reply, 'audio-inpainting', { ...input, ...mask });
    }
    if (extend_before !== undefined || extend_after !== undefined) {
      const ends = { extend_seconds_before: extend_before ?? 0, extend_seconds_after: extend_after ?? 0 };
      return run(retone, reply, 'audio-outpainting', { ...input, ...ends });
    }
    return run(retone, reply, 'audio-to-audio', { ...input, ...given({ duration, init_noise_level: strength }) });
  });
};

function making({
  response_format,
  seed,
  steps,
  guidance_scale,
  negative_prompt,
}: Omit<z.output<typeof speech>, 'input' | 'duration'>) {
  return {
    output_format: formats[response_format],
    ...given({ seed, num_inference_steps: steps, guidance_scale, negative_prompt }),
  };
}

async function run<Name extends ModelName>(
  retone: Retone,
  reply: FastifyReply,
  name: Name,
  input: Parameters<typeof retone.run<Name>>[1],
) {
  return sendSound(reply, retone, await retone.run(name, input, { signal: disconnection(reply) }));
}
