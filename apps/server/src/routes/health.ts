import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { noKey, refusals } from '../openapi.ts';
import type { Service } from '../service.ts';

const tags = ['Operation'];
const ready = z.object({ status: z.literal('ready') });
const unready = z.object({ status: z.literal('unready'), problem: z.string() });
const stuck = z.object({ status: z.literal('stuck'), problem: z.string() });

/** Whether the process lives, and whether it can serve. */
export const healthRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (app, { service }) => {
  app.get(
    '/healthz',
    {
      schema: {
        tags,
        summary: 'Whether the process lives',
        security: noKey,
        description: 'Not, when the database has not answered for minutes: then a new process may do better.',
        response: { 200: z.object({ status: z.literal('ok') }), 503: stuck, ...refusals(400, 415) },
      },
    },
    async (_request, reply) => {
      const problem = await service.stuck();
      if (problem) return reply.status(503).send({ status: 'stuck', problem });
      return { status: 'ok' as const };
    },
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
