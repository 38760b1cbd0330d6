import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';

/** Compares every JSON answer of an app with the document at /openapi.json; what differs is gathered in `faults`. */
export function checkAnswers(app: FastifyInstance): { faults: string[] } {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const faults: string[] = [];
  const validators = new Map<string, ValidateFunction>();
  app.addHook('onSend', async (request, reply, payload) => {
    const { url, schema } = request.routeOptions;
    const hidden = !url || !schema || (schema as { hide?: boolean }).hide;
    if (hidden || !String(reply.getHeader('content-type')).startsWith('application/json')) return;
    if (url.startsWith('/files/') && reply.statusCode < 400 && request.method !== 'PUT') return;
    const path = url.replace(/:(\w+)/g, '{$1}').replaceAll('/', '~1');
    const method = request.method === 'HEAD' ? 'get' : request.method.toLowerCase();
    const where = `${method} ${url} ${reply.statusCode}`;
    const pointer = `api#/paths/${path}/${method}/responses/${reply.statusCode}/content/application~1json/schema`;
    try {
      if (!ajv.getSchema('api')) ajv.addSchema(app.swagger(), 'api');
      const validate = validators.get(pointer) ?? ajv.compile({ $ref: pointer });
      validators.set(pointer, validate);
      if (validate(JSON.parse(String(payload)))) return;
      faults.push(`${where}: ${ajv.errorsText(validate.errors)} in ${String(payload).slice(0, 300)}`);
    } catch (error) {
      faults.push(`${where}: ${(error as Error).message}`);
    }
  });
  return { faults };
}
