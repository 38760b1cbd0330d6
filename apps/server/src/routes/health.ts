import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { noKey, refusals } from '../openapi.ts';
import type { Service } from '../service.ts';

const tags = ['Operation'];
const ready = z.object({ status: z.literal('ready') });
const unready = z.object({ status: z.literal('unready'), problem: z.string() });

/** Whether the process lives, and whether it can serve. */
export const healthRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (app, { service }) => {
  app.get(
    '/healthz',
    {
      schema: {
        tags,
        summary: 'Whether the process lives',
        security: noKey,
        response: { 200: z.object({ status: z.literal('ok') }), ...refusals(400, 415) },
      },
    },
    async () => ({ status: 'ok' as const }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        tags,
        summary: 'Whether it can serve',
        security: noKey,
        response: { 200: ready, 503: unready, ...refusals(400, 415) },
      },
    },
    async (_request, reply) => {
      const problem = await service.problem();
      if (problem) return reply.status(503).send({ status: 'unready', problem });
      return { status: 'ready' as const };
    },
  );
};
