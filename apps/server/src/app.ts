import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { authenticate } from './authentication.ts';
import { addDialects } from './dialects/index.ts';
import { failure } from './envelope.ts';
import { logRequests, throttled } from './logging.ts';
import { otherMethods } from './methods.ts';
import { describeApi } from './openapi.ts';
import { tellPublicUrl } from './public-url.ts';
import { fromFastify, refusalFor } from './refusals.ts';
import { answerBrokenRequests, checkRequests, nowhere } from './requests.ts';
import { accountRoutes } from './routes/account.ts';
import { adapterRoutes } from './routes/adapters.ts';
import { catalogueRoutes } from './routes/catalogue.ts';
import { eventRoutes } from './routes/events.ts';
import { fileRoutes } from './routes/files.ts';
import { healthRoutes } from './routes/health.ts';
import { historyRoutes } from './routes/history.ts';
import { keyRoutes } from './routes/keys.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { playgroundRoutes } from './routes/playground.ts';
import { predictionRoutes } from './routes/predictions.ts';
import { submissionRoutes } from './routes/submission.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { usageRoutes } from './routes/usage.ts';
import type { Service } from './service.ts';
import { validatorCompiler } from './validation.ts';

/** Largest body in bytes, except where a route takes recordings. */
const bodyLimit = 1024 * 1024;
/** Milliseconds in which an outage is logged once, not for every request that fails of it. */
const outagePause = 10_000;
/** How long a request, with all of an upload, may take to arrive, in milliseconds. */
const arrival = 15 * 60_000;

/** The HTTP face of a service. */
export function buildApp(service: Service, logger?: FastifyBaseLogger): FastifyInstance {
  const app = bareApp(service, logger);
  const refuseOthers = otherMethods(app);
  const { RETONE_CORS_ORIGINS: origins } = service.settings;
  if (origins.length > 0) {
    app.register(cors, {
      origin: origins.includes('*') ? '*' : origins,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      exposedHeaders: ['retry-after', 'x-request-id', 'content-range', 'etag', 'www-authenticate', 'allow'],
      maxAge: 3600,
    });
  }
  describeApi(app);
  app.register(healthRoutes, { service });
  app.register(metricsRoutes, { service });
  app.register(fileRoutes, { service });
  app.register(playgroundRoutes, { service });
  app.register(
    async (api) => {
      authenticate(api, service);
      api.register(accountRoutes, { service });
      api.register(keyRoutes, { service });
      api.register(catalogueRoutes, { service });
      api.register(usageRoutes, { service });
      api.register(uploadRoutes, { service });
      api.register(adapterRoutes, { service });
      api.register(predictionRoutes, { service });
      api.register(historyRoutes, { service });
      api.register(eventRoutes, { service });
      api.register(submissionRoutes, { service });
    },
    { prefix: '/api/v3' },
  );
  addDialects(app, service);
  app.register(refuseOthers);
  return app;
}

/** The HTTP endpoints of a worker without API: health and metrics. */
export function buildWorkerApp(service: Service, logger?: FastifyBaseLogger): FastifyInstance {
  const app = bareApp(service, logger);
  app.register(healthRoutes, { service });
  app.register(metricsRoutes, { service });
  return app;
}

/**
 * Closes an app: it takes no more connections, and requests that are under way (uploads, submissions that wait for their
 * result) have `seconds` to end.
 */
export async function closeInTime(app: FastifyInstance, seconds: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), seconds * 1000);
  await app.close();
  clearTimeout(cut);
}

/** An app without routes: what all requests and answers have in common. */
function bareApp(service: Service, logger: FastifyBaseLogger | undefined): FastifyInstance {
  const { RETONE_TRUST_PROXY: proxies } = service.settings;
  const app = Fastify({
    // Some clients of the hosted service use the older prefix; the paths below are the same.
    rewriteUrl: ({ url = '/' }) => url.replace(/^(\/+)api\/v2(?=[/?]|$)/, '$1api/v3'),
    ...(logger ? { loggerInstance: logger } : {}),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    requestTimeout: arrival,
    trustProxy: proxies.length > 0 && proxies,
    // A busy machine may take its time to start.
    pluginTimeout: 120_000,
    // Idle ones; `closeInTime` says how long the others have.
    forceCloseConnections: 'idle',
    genReqId: ({ headers: { 'x-request-id': given } }) =>
      typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID(),
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    frameworkErrors: (error, request, reply) => {
      const answer = failure(fromFastify(error));
      (reply as FastifyReply).status(answer.code).headers(commonHeaders(request.id)).send(answer);
    },
    // Node would refuse in its own words.
    http: { requireHostHeader: false },
    clientErrorHandler() {},
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(() => JSON.stringify);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(commonHeaders(request.id));
  });
  tellPublicUrl(app, service);
  logRequests(app);
  service.metrics.countRequests(app);
  checkRequests(app);
  answerBrokenRequests(app);

  const logOutage = throttled(
    ({ request, err }: { request: FastifyRequest; err: Error }) => request.log.error({ err }, 'outage'),
    outagePause,
  );
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    const known = refusalFor(error);
    if (known) reply.headers(known.headers);
    else request.log.error({ err: error }, 'unforeseen');
    if (known && known !== error && known.status === 503) logOutage({ request, err: error });
    const answer = failure(known ?? error);
    return reply.status(answer.code).send(answer);
  });
  app.setNotFoundHandler((request) => {
    throw nowhere(request);
  });
  return app;
}

/** Headers of every answer. No browser may take one for something else, or show it inside another site's page. */
function commonHeaders(requestId: string): Record<string, string> {
  return {
    'x-request-id': requestId,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
  };
}
