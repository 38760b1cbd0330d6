import { InsufficientCredit } from '@retone/billing';
import {
  checkInput,
  isEnded,
  modelIds,
  type PublicModel,
  prices,
  shortName,
  type TaskInput,
  type TaskResult,
  taskSchema,
} from '@retone/contract';
import { type NewTask, SubmissionError, type Task } from '@retone/jobs';
import { GuardError, inlineBytes, newToken } from '@retone/storage';
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import type { FastifyRouteSchemaDef } from 'fastify/types/schema.js';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { checkWebhook } from '../admission.ts';
import { disconnection } from '../disconnection.ts';
import { ApiError, invalidParameters, retryAfter, success } from '../envelope.ts';
import { fileTooLarge } from '../file-form.ts';
import { LargeBodies } from '../large-bodies.ts';
import { hashOf, LongText } from '../long-text.ts';
import { answers } from '../openapi.ts';
import { tokenOfFileUrl } from '../results.ts';
import type { Service } from '../service.ts';
import { maxFileBytes } from '../settings.ts';
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
  const name = shortName(model.id);
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
      response: answers(taskSchema, 402, 409, 503),
    },
  };
};

/** POST /{model-id}: take a task in; answer at once, or when it has ended. */
export const submissionRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  // Base64 is larger than its file by a third.
  const bodyLimit = Math.ceil((maxFileBytes(service.settings) * 4) / 3) + 1024 * 1024;
  const bodies = new LargeBodies();
  for (const { model, schema } of service.models.all.map(operationOf)) {
    // The serving checkpoint, and with it the limits, may have changed by the time of the request.
    const current = () => service.models.of(model.id);
    const takesAudio = model.parameters.includes('audio');
    const options = {
      schema,
      validatorCompiler: inputCompiler(current),
      ...(takesAudio ? { bodyLimit, onRequest: bodies.admit } : {}),
    };
    api.post(`/${model.id}`, options, async (request, reply) => {
      const { query, publicUrl } = request;
      const { warnings, ...body } = request.body as CheckedBody;
      const task = await submit(service, request, {
        model,
        input: body,
        warnings,
        webhookUrl: query.webhook || body.webhook_url || null,
        idempotencyKey: request.headers['idempotency-key'],
      });
      // The recording is in the store; the request continues, perhaps until the task has ended.
      request.body = undefined as never;
      bodies.release(request);
      if (!body.enable_sync_mode) return success(await service.result(task, { publicUrl }));
      const ended = await endOf(service, task.id, disconnection(reply));
      return success(awaited(await service.result(ended, { publicUrl })));
    });
  }
  // Before the body is read.
  const preParsing = async ({ params }: FastifyRequest) => {
    const given = (params as { '*': string })['*'].slice(0, 200);
    throw new ApiError('unknown_model', `there is no model "${given}"; there are ${modelIds.join(', ')}`);
  };
  api.post('/*', { schema: { hide: true }, preParsing }, async () => {});
};

/** A checked body; a recording in it may still be a LongText. */
type CheckedBody = Omit<z.output<PublicModel['schema']>, 'audio'> & { audio?: string | LongText; warnings: string[] };

/** Checks parameters in the words of the model. */
function inputCompiler(current: () => PublicModel): FastifySchemaCompiler<unknown> {
  return (part) => {
    if (part.httpPart !== 'body') return validatorCompiler(part as FastifyRouteSchemaDef<z.ZodType>);
    return (body) => {
      const given = withoutEchoes(body ?? {});
      const { audio } = given as { audio?: unknown };
      const long = audio instanceof LongText ? audio : undefined;
      const checked = checkInput(current(), long ? { ...(given as object), audio: long.start } : given);
      if ('faults' in checked) return { error: invalidParameters(checked.faults) };
      return { value: { ...checked.input, ...(long ? { audio: long } : {}), warnings: checked.warnings } };
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
  const echo = Array.isArray(audios) && audios.length === 1 && isSame(audios[0], rest.audio);
  return {
    ...rest,
    ...(audios === undefined || echo ? {} : { audios }),
    ...(webhook === undefined || webhook === '' ? {} : { webhook_url: webhook }),
  };
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || (one instanceof LongText && one.equals(other));
}

interface Submission {
  model: PublicModel;
  input: Omit<CheckedBody, 'warnings'>;
  warnings: string[];
  webhookUrl: string | null;
  idempotencyKey: string | undefined;
}

async function submit(
  service: Service,
  { account, keyId, log, publicUrl }: FastifyRequest,
  submission: Submission,
): Promise<Task> {
  const { model, webhookUrl, idempotencyKey, warnings } = submission;
  if (webhookUrl) await checkWebhook(service, webhookUrl);
  const { enable_sync_mode: _sync, enable_base64_output: base64Output, webhook_url: _url, ...input } = submission.input;
  const idempotency =
    idempotencyKey === undefined
      ? undefined
      : { key: idempotencyKey, hash: await hashOf({ ...submission.input, model: model.id, webhookUrl }) };
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
    idempotency,
    warnings,
  };
  try {
    const submitted = await service.lifecycle.submit({
      task,
      price: prices[model.id],
      keyId,
      tasksAtOnce: account.concurrentTasks,
    });
    const { id, model: name } = submitted;
    log.info({ task: id, model: name, account: account.id }, 'task submitted');
    // The same submission came before, and has its recording.
    if (submitted.sourceKey !== task.sourceKey) await dropSource();
    return submitted;
  } catch (error) {
    await dropSource();
    throw asApiError(error);
  }
}

/** The task when it has ended, or in its present state when the time limit of synchronous requests is over. */
async function endOf(service: Service, id: string, signal: AbortSignal): Promise<Task> {
  const limit = AbortSignal.timeout(service.settings.RETONE_SYNC_SECONDS * 1000);
  await service.watcher.ended(id, AbortSignal.any([signal, limit]));
  const task = await service.tasks.get(id);
  if (!task) throw new ApiError('unknown_task', 'the task was deleted');
  return task;
}

/** The result that was waited for; one of a task that has not ended says so. */
function awaited(result: TaskResult): TaskResult {
  if (isEnded(result.status)) return result;
  // Clients know this code and these words: the task continues, and its result is there to be asked for.
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
async function keepSource(
  service: Service,
  accountId: string,
  given: string | LongText,
  publicUrl: string,
): Promise<Source> {
  const audio = typeof given === 'string' ? given.trim() : given;
  const named = typeof audio === 'string' ? tokenOfFileUrl(audio, [publicUrl, ...service.publicUrls()]) : undefined;
  if (typeof audio === 'string' && named) {
    const file = await service.files.get(named.token);
    if (file?.accountId === accountId) return { key: file.key, audio: { audio } };
    if (named.sure)
      throw new ApiError('unknown_upload', 'audio must be an upload that exists; uploads are kept for a limited time');
  }
  // The worker fetches it, by the operator's rules.
  if (typeof audio === 'string' && /^https?:/i.test(audio)) return { audio: { audio } };
  try {
    const key = `sources/${newToken()}`;
    const text = typeof audio === 'string' ? [audio] : audio.pieces();
    const { size } = await service.store.put(key, inlineBytes(text, maxFileBytes(service.settings)));
    return { key, audio: { audio: `(${size} bytes that came with the request)` } };
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    if (error.code === 'too-large') throw fileTooLarge(service.settings);
    const start = typeof audio === 'string' ? audio : audio.start;
    const accepted = 'an http(s) URL, the URL of an upload, a data URI or base64';
    throw invalidParameters([{ parameter: 'audio', given: start.slice(0, 40), accepted }]);
  }
}

function asApiError(error: unknown): unknown {
  if (error instanceof InsufficientCredit) return new ApiError('insufficient_credit', error.message);
  if (!(error instanceof SubmissionError)) return error;
  if (error.code === 'account-queue-full') {
    return new ApiError('account_queue_full', error.message, retryAfter(10));
  }
  if (error.code === 'queue-full') return new ApiError('queue_full', error.message, retryAfter(30));
  return new ApiError('idempotency_mismatch', error.message);
}
