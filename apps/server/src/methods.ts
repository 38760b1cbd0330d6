import type { FastifyInstance, HTTPMethods } from 'fastify';
import { ApiError } from './envelope.ts';

const methods: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Has methods that a path does not have answered with 405 instead of 404, and OPTIONS with those that it has.
 *
 * @returns what to register after all routes
 */
export function otherMethods(app: FastifyInstance): (app: FastifyInstance) => Promise<void> {
  const known = new Map<string, Set<HTTPMethods>>();
  app.addHook('onRoute', ({ method, url }) => {
    if (url.includes('*')) return;
    const path = url.replace(/(?<=.)\/$/, '');
    for (const each of [method].flat()) known.set(path, (known.get(path) ?? new Set()).add(each as HTTPMethods));
  });
  return async (last) => {
    for (const [url, has] of [...known]) {
      const allow = [...has, 'OPTIONS'].join(', ');
      const others = methods.filter((method) => !has.has(method));
      last.route({
        method: others,
        url,
        schema: { hide: true },
        // Before the body is read.
        preParsing: async ({ method }) => {
          if (method === 'OPTIONS') return;
          const message = `${url} does not take ${method}; it takes ${allow}`;
          throw new ApiError('method_not_allowed', message, { headers: { allow } });
        },
        handler: async (_request, reply) => reply.status(204).header('allow', allow).send(),
      });
    }
  };
}
