import { createHash } from 'node:crypto';
import { InsufficientCredit, priceOf } from '@retone/billing';
import {
  checkInput,
  endedStatuses,
  type NewTask,
  type PublicModel,
  publicModels,
  SubmissionError,
  type Task,
  type TaskInput,
} from '@retone/jobs';
import { GuardError, newToken } from '@retone/storage';
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import type { FastifyRouteSchemaDef } from 'fastify/types/schema.js';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { disconnection } from '../disconnection.ts';
import { ApiError, invalidParameters, retryAfter, success } from '../envelope.ts';
import { answers } from '../openapi.ts';
import { resultSchema, type TaskResult, tokenOfFileUrl } from '../results.ts';
import type { Service } from '../service.ts';
import { validatorCompiler } from '../validation.ts';

const querystring = z.object({
  webhook: z.string().optional().describe('Where the result is sent when the task has ended.'),
});
const headers = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, '1 to 255 visible ASCII characters')
    .optional()
    .describe('Makes it safe to submit again: the same key gives the first task again.'),
});

const operationOf = (model: PublicModel) => {
  const name = model.id.split('/').at(-1)!;
  const id = name.replace(/(^|-)\w/g, (letters) => letters.at(-1)!.toUpperCase());
  return {
    model,
    schema: {
      tags: ['Models'],
      summary: `Submit to ${name}`,
      description: model.description,
      querystring,
      headers,
      body: model.schema.meta({ id: `${id}Input`, description: `The parameters of ${name}.` }),
      response: answers(resultSchema, 402, 409, 503),
    },
  };
};

/** POST /{model-id}: take a task in; answer at once, or when it has ended. */
export const submissionRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  for (const { model, schema } of service.models.map(operationOf)) {
    // What serves the model may be another by the time of the request, and so may its limits.
    const current = () => service.model(model.id)!;
    api.post(`/${model.id}`, { schema, validatorCompiler: inputCompiler(current) }, async (request, reply) => {
      const { body, query, publicUrl } = request;
      const task = await submit(service, request, {
        model,
        input: body,
        webhookUrl: query.webhook || body.webhook_url || null,
        idempotencyKey: request.headers['idempotency-key'],
      });
      if (!body.enable_sync_mode) return success(await service.result(task, { publicUrl }));
      const ended = await service.ended(task.id, disconnection(reply));
      return success(awaited(await service.result(ended, { publicUrl })));
    });
  }
  api.post('/*', { schema: { hide: true } }, async ({ params }) => {
    const ids = publicModels.map(({ id }) => id).join(', ');
    throw new ApiError(
      404,
      'unknown_model',
      `there is no model "${(params as { '*': string })['*']}"; there are ${ids}`,
    );
  });
};

/** Checks parameters in the words of the model. */
function inputCompiler(current: () => PublicModel): FastifySchemaCompiler<unknown> {
  return (part) => {
    if (part.httpPart !== 'body') return validatorCompiler(part as FastifyRouteSchemaDef<z.ZodType>);
    return (body) => {
      const checked = checkInput(current(), withoutEchoes(body ?? {}));
      return 'faults' in checked ? { error: invalidParameters(checked.faults) } : { value: checked.input };
    };
  };
}

/**
 * A body without what clients of the hosted service send though it says nothing: the desktop client repeats `audio` as
 * `audios: [audio]`, and forms send an empty `webhook_url`.
 */
function withoutEchoes(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { audios, webhook_url: webhook, ...rest } = body as Record<string, unknown>;
  const echo = Array.isArray(audios) && audios.length === 1 && audios[0] === rest.audio;
  return {
    ...rest,
    ...(audios === undefined || echo ? {} : { audios }),
    ...(webhook === undefined || webhook === '' ? {} : { webhook_url: webhook }),
  };
}

interface Submission {
  model: PublicModel;
  input: z.output<PublicModel['schema']>;
  webhookUrl: string | null;
  idempotencyKey: string | undefined;
}

async function submit(service: Service, { account, publicUrl }: FastifyRequest, submission: Submission): Promise<Task> {
  const { model, webhookUrl, idempotencyKey } = submission;
  if (webhookUrl) await service.checkWebhook(webhookUrl);
  const { enable_sync_mode: _sync, enable_base64_output: base64Output, webhook_url: _url, ...input } = submission.input;
  const hash = createHash('sha256')
    .update(JSON.stringify([model.id, submission.input, webhookUrl]))
    .digest('hex');
  const { audio, ...rest } = input;
  const source: Source = audio === undefined ? {} : await keepSource(service, account.id, audio, publicUrl);
  const dropSource = async () => {
    if (source.key?.startsWith('sources/')) await service.store.delete(source.key);
  };
  const task: NewTask = {
    accountId: account.id,
    model: model.id,
    input: { ...rest, ...source.audio } as TaskInput,
    sourceKey: source.key ?? null,
    seed: input.seed === undefined || input.seed < 0 ? Math.floor(Math.random() * 2 ** 32) : input.seed,
    base64Output,
    webhookUrl,
    idempotency: idempotencyKey === undefined ? undefined : { key: idempotencyKey, hash },
  };
  try {
    const price = priceOf(model.id)!;
    const submitted = await service.lifecycle.submit({ task, price, tasksAtOnce: account.concurrentTasks });
    // The same submission came before, and has its recording.
    if (submitted.sourceKey !== task.sourceKey) await dropSource();
    return submitted;
  } catch (error) {
    await dropSource();
    throw asApiError(error);
  }
}

/** The result that was waited for; one of a task that has not ended says so. */
function awaited(result: TaskResult): TaskResult {
  if (endedStatuses.includes(result.status)) return result;
  // Clients know this code and these words: the task goes on, and its result is there to be asked for.
  return { ...result, code: 5004, error: `Sync mode timed out; query the result later at: ${result.urls.get}` };
}

/** Where a task's recording is: in the store, or at a URL. `audio` is what the task's input says of it. */
interface Source {
  key?: string;
  audio?: { audio: string };
}

/**
 * Puts a recording that came with the request into the store; an upload is there already, and a URL is fetched
 * by the worker.
 */
async function keepSource(service: Service, accountId: string, audio: string, publicUrl: string): Promise<Source> {
  const token = tokenOfFileUrl(audio, [publicUrl, ...service.publicUrls()]);
  if (token) {
    const file = await service.files.get(token);
    if (!file || file.accountId !== accountId)
      throw new ApiError(
        400,
        'unknown_upload',
        'the audio is an upload that is not there; uploads are kept for a limited time',
      );
    return { key: file.key, audio: { audio } };
  }
  if (/^https?:/i.test(audio)) return { audio: { audio } };
  try {
    const bytes = await service.inlineAudio(audio);
    const key = `sources/${newToken()}`;
    await service.store.put(key, bytes);
    return { key, audio: { audio: `(${bytes.length} bytes that came with the request)` } };
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    throw invalidParameters([{ parameter: 'audio', given: audio.slice(0, 40), accepted: error.message }]);
  }
}

function asApiError(error: unknown): unknown {
  if (error instanceof InsufficientCredit) return new ApiError(402, 'insufficient_credit', error.message);
  if (!(error instanceof SubmissionError)) return error;
  if (error.code === 'queue-full') return new ApiError(503, 'queue_full', error.message, retryAfter(30));
  return new ApiError(409, 'idempotency_mismatch', error.message);
}
