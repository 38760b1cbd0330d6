import { type ModelName, RetoneError, type Task, TaskError } from '@retone/client';
import { formatOfFileName, modelIds, shortName } from '@retone/contract';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest, InjectOptions } from 'fastify';
import { z } from 'zod';
import type { Service } from '../service.ts';
import { askApi, callerOf, keyOf } from './caller.ts';
import { parsed, refusalOf, statusOf } from './parsing.ts';

// fal: its queue under /fal (for queue.fal.run), uploads, and the proxy that its browser and Node clients can be pointed at.
// https://docs.fal.ai/model-endpoints/queue

const app_ = 'fal-ai/stable-audio-3';
const modelNames = modelIds.map(shortName) as ModelName[];
const input = z.looseObject({
  prompt: z.string(),
  audio_url: z.string().optional(),
  webhook_url: z.never().optional(),
});
const announced = z.object({ file_name: z.string().default('upload'), content_type: z.string().default('') });
interface ById {
  Params: { id: string };
}

export const fal: FastifyPluginAsync<{ service: Service }> = async (app) => {
  app.setErrorHandler((error, _request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.retryAfter) reply.header('retry-after', refusal.retryAfter);
    const status = statusOf(refusal) === 400 ? 422 : statusOf(refusal);
    const detail =
      status === 422
        ? [{ loc: ['body'], msg: refusal.message, type: refusal.code }]
        : `${refusal.code}: ${refusal.message}`;
    return reply.status(status).send({ detail });
  });
  const retoneOf = (request: FastifyRequest) => callerOf(app, request, keyOf(request, 'Key'));
  const options = { schema: { hide: true } };

  app.post<{ Querystring: { fal_webhook?: string } }>(`/fal/${app_}/*`, options, async (request) => {
    const { audio_url: audio, ...rest } = parsed(input, request.body);
    const webhook = request.query.fal_webhook ? { webhook_url: request.query.fal_webhook } : {};
    const given = { ...rest, ...(audio ? { audio } : {}), ...webhook };
    const task = await retoneOf(request).submit(modelIn((request.params as { '*': string })['*']), given as never);
    return { ...queued(request, task), logs: null, metrics: {} };
  });

  app.get<ById>(`/fal/${app_}/requests/:id/status`, options, async (request, reply) => {
    const retone = retoneOf(request);
    const task = await retone.task(request.params.id);
    const status = queued(request, task);
    if (status.status === 'COMPLETED') return { ...status, metrics: { inference_time: task.timings.inference / 1000 } };
    return reply.status(202).send({ ...status, logs: [] });
  });

  app.get<ById>(`/fal/${app_}/requests/:id`, options, async (request, reply) => {
    const task = await retoneOf(request).task(request.params.id);
    const { id, status, outputs, seed, warnings } = task;
    if (status === 'created' || status === 'processing') {
      return reply.status(400).send({ detail: 'Request is still in progress' });
    }
    if (status !== 'completed') throw new TaskError(task);
    const [url] = outputs as [string];
    const name = url.split('/').at(-1)!;
    const { mediaType: content_type = 'application/octet-stream' } = formatOfFileName(name) ?? {};
    reply.header('x-fal-request-id', id);
    return { audio: { url, file_name: name, content_type }, seed, ...(warnings ? { warnings } : {}) };
  });

  app.put<ById>(`/fal/${app_}/requests/:id/cancel`, options, async (request, reply) => {
    const retone = retoneOf(request);
    const { status } = await retone.task(request.params.id);
    if (status !== 'created' && status !== 'processing') {
      return reply.status(400).send({ status: 'ALREADY_COMPLETED' });
    }
    await retone.remove(request.params.id);
    return reply.status(202).send({ status: 'CANCELLATION_REQUESTED' });
  });

  // Its client uploads the Blobs among a request's parameters by itself.
  app.post('/fal/storage/upload/initiate', options, async (request) => {
    const { file_name, content_type } = parsed(announced, request.body);
    const ticket = { filename: file_name, ...(content_type ? { content_type } : {}) };
    const { download_url: url } = await askApi<{ download_url: string }>(
      app,
      request,
      keyOf(request, 'Key'),
      '/media/uploads/unsized',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(ticket),
      },
    );
    return { upload_url: url, file_url: url };
  });

  app.route({
    method: ['GET', 'POST', 'PUT'],
    url: '/fal/proxy',
    ...options,
    handler: (request, reply) => forward(app, request, reply),
  });
};

/** The hosts that the client sends to, and where their paths are here. */
const hosts: Record<string, string> = { 'queue.fal.run': '/fal', 'rest.fal.ai': '/fal', 'rest.alpha.fal.ai': '/fal' };

/** Carries out the request to fal that a client sends here, with its target in a header. */
async function forward(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply) {
  const target = String(request.headers['x-fal-target-url'] ?? '');
  const url = URL.canParse(target) ? new URL(target) : undefined;
  const prefix = url && hosts[url.hostname];
  if (!prefix) {
    const known = Object.keys(hosts).join(' or ');
    throw new RetoneError(
      400,
      'bad_request',
      `x-fal-target-url must be a URL of ${known} (got "${target.slice(0, 200)}")`,
    );
  }
  const { 'content-length': _length, 'transfer-encoding': _encoding, ...headers } = request.headers;
  const inner: InjectOptions = {
    method: request.method as 'GET',
    url: prefix + url.pathname + url.search,
    headers: headers as Record<string, string>,
    remoteAddress: request.ip,
    ...(request.body === undefined || request.body === null ? {} : { payload: request.body as object }),
  };
  const answer = await app.inject(inner);
  const id = answer.headers['x-fal-request-id'];
  if (id) reply.header('x-fal-request-id', id);
  return reply.status(answer.statusCode).type(String(answer.headers['content-type'])).send(answer.rawPayload);
}

/** The model that the end of an endpoint's id names: `medium/audio-to-audio`. */
function modelIn(path: string): ModelName {
  const last = path.split('/').filter(Boolean).at(-1) ?? 'text-to-audio';
  const found = modelNames.find((name) => name === last);
  if (found) return found;
  throw new RetoneError(
    404,
    'unknown_model',
    `there is no endpoint ${app_}/${path}; its end must be ${modelNames.join(', ')}`,
  );
}

function queued({ publicUrl }: FastifyRequest, { id, status }: Task) {
  const base = `${publicUrl}/fal/${app_}/requests/${id}`;
  const states = { created: 'IN_QUEUE', processing: 'IN_PROGRESS' } as Record<string, string>;
  return {
    // A failed task counts as completed, too: the result says why.
    status: states[status] ?? 'COMPLETED',
    request_id: id,
    response_url: base,
    status_url: `${base}/status`,
    cancel_url: `${base}/cancel`,
    ...(status === 'created' ? { queue_position: 0 } : {}),
  };
}
