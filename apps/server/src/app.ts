import Fastify, { type FastifyInstance, type FastifyReply, type FastifyServerOptions } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { authenticate } from './authentication.ts';
import { ApiError, failure } from './envelope.ts';
import { describeApi } from './openapi.ts';
import { brokenRequest, checkRequests } from './requests.ts';
import { accountRoutes } from './routes/account.ts';
import { catalogueRoutes } from './routes/catalogue.ts';
import { fileRoutes } from './routes/files.ts';
import { healthRoutes } from './routes/health.ts';
import { predictionRoutes } from './routes/predictions.ts';
import { submissionRoutes } from './routes/submission.ts';
import { uploadRoutes } from './routes/uploads.ts';
import type { Service } from './service.ts';
import { validatorCompiler } from './validation.ts';

/** Largest JSON body in bytes, beside a recording in base64: that much again by a third. */
const bodyOverhead = 1024 * 1024;

/** The HTTP face of a service. */
export function buildApp(service: Service, logger: FastifyServerOptions['logger'] = false): FastifyInstance {
  const maxUpload = service.settings.RETONE_MAX_UPLOAD_MB * 1e6;
  const app = Fastify({
    logger,
    bodyLimit: Math.ceil((maxUpload * 4) / 3) + bodyOverhead,
    forceCloseConnections: true,
    requestIdHeader: 'x-request-id',
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (error, _request, reply) => {
      const answer = failure(fromFastify(error));
      (reply as FastifyReply).status(answer.code).send(answer);
    },
    clientErrorHandler(error, socket) {
      if (error.code !== 'ECONNRESET' && socket.writable) socket.end(brokenRequest(error.code));
      else socket.destroy();
    },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(() => JSON.stringify);
  checkRequests(app);

  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    const known = error instanceof ApiError ? error : fromFastify(error);
    if (!known) request.log.error({ err: error }, 'unforeseen');
    if (known) reply.headers(known.headers);
    const answer = failure(known ?? error);
    return reply.status(answer.code).send(answer);
  });
  app.setNotFoundHandler((request, reply) => {
    const answer = failure(
      new ApiError(404, 'not_found', `there is nothing at ${request.method} ${request.url.split('?')[0]}`),
    );
    return reply.status(404).send(answer);
  });

  describeApi(app, service);
  app.register(healthRoutes, { service });
  app.register(fileRoutes, { service });
  app.register(
    async (api) => {
      authenticate(api, service);
      api.register(accountRoutes, { service });
      api.register(catalogueRoutes, { service });
      api.register(uploadRoutes, { service });
      api.register(predictionRoutes, { service });
      api.register(submissionRoutes, { service });
    },
    { prefix: '/api/v3' },
  );
  return app;
}

/** Fastify's own refusals (broken JSON, unknown media types, bodies too large) in the contract's form. */
function fromFastify(error: { statusCode?: number; code?: string; message: string }): ApiError | undefined {
  const { statusCode = 500 } = error;
  if (statusCode < 400 || statusCode >= 500) return undefined;
  const code = { 413: 'too_large', 415: 'unsupported_media_type', 429: 'rate_limited' }[statusCode] ?? 'bad_request';
  return new ApiError(statusCode, code, error.message);
}
