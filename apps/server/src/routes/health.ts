import type { FastifyInstance } from 'fastify';
import type { Service } from '../service.ts';

/** Whether the process lives, and whether it can serve. */
export async function healthRoutes(app: FastifyInstance, { service }: { service: Service }): Promise<void> {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const problem = await service.problem();
    return reply.status(problem ? 503 : 200).send(problem ? { status: 'unready', problem } : { status: 'ready' });
  });
}
