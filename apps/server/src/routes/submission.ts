import { createHash } from 'node:crypto';
import { InsufficientCredit } from '@retone/billing';
import {
  checkInput,
  endedStatuses,
  type NewTask,
  publicModel,
  publicModels,
  SubmissionError,
  type Task,
  type TaskInput,
} from '@retone/jobs';
import { GuardError, newToken } from '@retone/storage';
import type { FastifyInstance } from 'fastify';
import { ApiError, invalidParameters, success } from '../envelope.ts';
import { tokenOfFileUrl } from '../results.ts';
import type { Service } from '../service.ts';

/** POST /{model-id}: take a task in; answer at once, or when it has ended. */
export async function submissionRoutes(api: FastifyInstance, { service }: { service: Service }): Promise<void> {
  api.post<{ Params: { '*': string }; Querystring: { webhook?: unknown }; Body: unknown }>('/*', async (request) => {
    const id = request.params['*'];
    const model = publicModel(id);
    if (!model) {
      throw new ApiError(
        404,
        'unknown_model',
        `there is no model "${id}"; there are ${publicModels.map((each) => each.id).join(', ')}`,
      );
    }
    const checked = checkInput(model, request.body ?? {});
    if ('faults' in checked) throw invalidParameters(checked.faults);
    const {
      enable_sync_mode: sync,
      enable_base64_output: base64Output,
      webhook_url: bodyWebhook,
      ...input
    } = checked.input;
    const webhookUrl = request.query.webhook ?? bodyWebhook ?? null;
    if (webhookUrl !== null && typeof webhookUrl !== 'string')
      throw new ApiError(400, 'bad_webhook', 'webhook: there is more than one');
    if (webhookUrl) await service.checkWebhook(webhookUrl);
    const key = idempotencyKey(request.headers);
    const hash = createHash('sha256')
      .update(JSON.stringify([model.id, checked.input, webhookUrl]))
      .digest('hex');

    const { account } = request;
    const { audio, ...rest } = input;
    const source: Source = audio === undefined ? {} : await keepSource(service, account.id, audio);
    const task: NewTask = {
      accountId: account.id,
      model: model.id,
      input: { ...rest, ...source.audio } as TaskInput,
      sourceKey: source.key ?? null,
      seed: input.seed === undefined || input.seed < 0 ? Math.floor(Math.random() * 2 ** 32) : input.seed,
      base64Output,
      webhookUrl: webhookUrl || null,
      idempotency: key === undefined ? undefined : { key, hash },
    };
    let submitted: Task;
    try {
      submitted = await service.lifecycle.submit({
        task,
        price: service.priceOf(model.id),
        tasksAtOnce: account.concurrentTasks,
      });
    } catch (error) {
      if (source.key?.startsWith('sources/')) await service.store.delete(source.key);
      throw asApiError(error);
    }
    // The same submission came before, and has its recording.
    if (source.key?.startsWith('sources/') && submitted.sourceKey !== source.key)
      await service.store.delete(source.key);
    if (!sync) return success(await service.result(submitted));
    const result = await service.result(await service.ended(submitted.id, request.signal));
    if (endedStatuses.includes(result.status)) return success(result);
    // Clients know these words: the task goes on, and its result is there to be asked for.
    return success({ ...result, error: `Sync mode timed out; query the result later at: ${result.urls.get}` });
  });
}

/** Where a task's recording is: in the store, or at a URL. `audio` is what the task's input says of it. */
interface Source {
  key?: string;
  audio?: { audio: string };
}

/** Puts a recording that came with the request into the store; an upload is there already, and a URL is fetched by the worker. */
async function keepSource(service: Service, accountId: string, audio: string): Promise<Source> {
  const token = tokenOfFileUrl(audio, service.publicUrls());
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

function idempotencyKey(headers: Record<string, unknown>): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new ApiError(400, 'bad_idempotency_key', 'Idempotency-Key takes 1 to 255 visible ASCII characters');
}

function asApiError(error: unknown): unknown {
  if (error instanceof InsufficientCredit) return new ApiError(402, 'insufficient_credit', error.message);
  if (!(error instanceof SubmissionError)) return error;
  if (error.code === 'queue-full') return new ApiError(503, 'queue_full', error.message, { retryAfter: 30 });
  return new ApiError(409, 'idempotency_mismatch', error.message);
}
