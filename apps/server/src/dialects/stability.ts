import { type Retone, RetoneError, TaskError } from '@retone/client';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Service } from '../service.ts';
import { callerOf, keyOf } from './caller.ts';
import { type Form, formOf, takeForms } from './form.ts';
import { given, number, parsed, refusalOf, statusOf } from './parsing.ts';
import { sendSound } from './sound.ts';

// Stability AI: a form is answered with 202 and an id, whose result is asked for until it is there.
// https://platform.stability.ai/docs/api-reference

const fields = z.object({
  prompt: z.string(),
  negative_prompt: z.string().optional(),
  duration: number.optional(),
  seed: number.optional(),
  steps: number.optional(),
  cfg_scale: number.optional(),
  output_format: z
    .enum(['mp3', 'wav', 'flac', 'ogg', 'opus'], { error: 'must be mp3, wav, flac, ogg or opus' })
    .default('mp3'),
  strength: number.optional(),
  mask_start: number.optional(),
  mask_end: number.optional(),
});
const tasks = ['text-to-audio', 'audio-to-audio', 'inpaint'] as const;
/** The model's name in the path, with and without its version. */
const models = ['stable-audio-3', 'stable-audio'];
/** The other API's strength where none is given: nothing of the recording is kept. */
const defaultStrength = 1;

export const stability: FastifyPluginAsync<{ service: Service }> = async (app) => {
  await takeForms(app);
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.retryAfter) reply.header('retry-after', refusal.retryAfter);
    return reply.status(statusOf(refusal)).send({ id: request.id, name: refusal.code, errors: [refusal.message] });
  });
  const retoneOf = (request: FastifyRequest) => callerOf(app, request, keyOf(request, 'Bearer'));

  for (const model of models) {
    for (const task of tasks) {
      app.post(`/v2beta/audio/${model}/${task}`, { schema: { hide: true } }, async (request, reply) => {
        const form = await formOf(app, request, keyOf(request, 'Bearer'));
        const { id } = await submit(retoneOf(request), task, form);
        return reply.status(202).send({ id });
      });
    }
  }

  for (const path of ['/v2beta/audio/results/:id', '/v2beta/results/:id']) {
    app.get<{ Params: { id: string } }>(path, { schema: { hide: true } }, async (request, reply) => {
      const retone = retoneOf(request);
      const task = await retone.task(request.params.id);
      const { id, status, seed, outputs } = task;
      if (status === 'created' || status === 'processing') return reply.status(202).send({ id, status: 'in-progress' });
      if (status !== 'completed') throw new TaskError(task);
      if (!request.headers.accept?.includes('application/json')) {
        return sendSound(reply.headers({ 'finish-reason': 'SUCCESS', seed: String(seed) }), retone, task);
      }
      const bytes = await (await retone.download(outputs[0]!)).arrayBuffer();
      return { audio: Buffer.from(bytes).toString('base64'), finish_reason: 'SUCCESS', seed };
    });
  }
};

function submit(retone: Retone, task: (typeof tasks)[number], form: Form) {
  const { prompt, duration, seed, steps, cfg_scale, output_format, strength, mask_start, mask_end, negative_prompt } =
    parsed(fields, form.fields);
  const input = {
    prompt,
    output_format,
    // 0 stands for a random seed there.
    ...given({ negative_prompt, seed: seed || undefined, num_inference_steps: steps, guidance_scale: cfg_scale }),
  };
  if (task === 'text-to-audio') return retone.submit('text-to-audio', { ...input, ...given({ duration }) });
  const { audio } = form;
  if (!audio) throw new RetoneError(400, 'no_file', 'the form has no part named "audio" with a recording');
  if (task === 'audio-to-audio') {
    const level = { init_noise_level: strength ?? defaultStrength };
    return retone.submit('audio-to-audio', { ...input, audio, ...level, ...given({ duration }) });
  }
  const mask = given({ mask_start_seconds: mask_start, mask_end_seconds: mask_end });
  return retone.submit('audio-inpainting', { ...input, audio, ...mask });
}
