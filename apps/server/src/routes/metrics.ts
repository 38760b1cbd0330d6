import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ApiError } from '../envelope.ts';
import { isFromThisMachine } from '../loopback.ts';
import { noKey, refusals } from '../openapi.ts';
import { isEqual } from '../secrets.ts';
import type { Service } from '../service.ts';

const schema = {
  tags: ['Operation'],
  summary: 'Prometheus metrics',
  description: 'Requires `RETONE_METRICS_TOKEN`; without one, only this machine has access.',
  security: noKey,
  response: {
    200: { description: 'Metrics as text.', content: { 'text/plain': { schema: z.string() } } },
    ...refusals(400, 403, 415),
  },
};

/** The endpoint for Prometheus. */
export const metricsRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (app, { service }) => {
  app.get('/metrics', { schema }, async (request, reply) => {
    if (!mayRead(request, service.settings.RETONE_METRICS_TOKEN)) {
      throw new ApiError(
        'forbidden',
        'metrics are for the machine itself, or for who sends "Authorization: Bearer <RETONE_METRICS_TOKEN>"',
      );
    }
    return reply.type(service.metrics.contentType).send(await service.metrics.text());
  });
};

function mayRead(request: FastifyRequest, token: string | undefined): boolean {
  if (token === undefined) return isFromThisMachine(request);
  return isEqual(/^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '', token);
}
