import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { envelope, type errorStatuses, failureSchema } from '@retone/contract';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import manifest from '../package.json' with { type: 'json' };

// The API's description, made of the schemas that the routes declare and are checked by.

const introduction = `
The hosted WaveSpeed v3 API, on your machine. Every answer is an envelope, \`{"code", "message", "data"}\`; \`code\`
is the HTTP status. Submit a task, then ask for its result, watch its events, wait for it with \`enable_sync_mode\`,
or receive a webhook.

Beside what each operation lists, any path may answer 404 (it does not exist), 405 (not with this method; \`Allow\` lists
those it takes), 408 (the request took too long to arrive), 414 (its URL is too long) and 431 (its headers are too large), in
the same envelope.`.trim();

const tags = [
  { name: 'Models', description: 'Submitting tasks: one operation for each model.' },
  { name: 'Tasks', description: 'What became of them.' },
  { name: 'Files', description: 'Recordings in, results out.' },
  { name: 'Catalogue', description: 'What there is, what it takes and what it costs.' },
  { name: 'Account', description: 'Balance, keys, and the secret of webhooks.' },
  { name: 'Operation', description: 'For operators of the service.' },
];

type Status = (typeof errorStatuses)[keyof typeof errorStatuses];

const refusalWords: Partial<Record<Status, string>> = {
  400: 'The request is wrong; the message says where, and what would be right.',
  401: 'The API key is missing, unknown or revoked.',
  402: 'The credit is insufficient.',
  403: 'The account is suspended.',
  404: 'Not found.',
  409: 'Conflicts with an earlier request.',
  413: 'Too large.',
  415: 'The body has a type that is not accepted here.',
  416: 'The file does not have that range.',
  429: 'Too many requests in a minute; `Retry-After` says when to try again.',
  503: 'Temporarily unavailable; `Retry-After` says when to try again.',
};

/** The refusals of a route, for OpenAPI. */
export function refusals(...statuses: Status[]): object {
  const content = { 'application/json': { schema: failureSchema } };
  return Object.fromEntries(statuses.map((status) => [status, { description: refusalWords[status], content }]));
}

/** Any route that needs a key may refuse with these. */
const anywhere: Status[] = [400, 401, 403, 413, 415, 429, 503];

/** The responses of a route that needs a key: data in the envelope, or a refusal. */
export function answers<Data extends z.ZodType>(data: Data, ...statuses: Status[]) {
  return { 200: envelope(data), ...refusals(...anywhere, ...statuses) };
}

/** The security of routes that need no key. */
export const noKey: Record<string, string[]>[] = [];

/** Describes all routes that are registered after it at `/openapi.json`, and for people at `/docs`. */
export function describeApi(app: FastifyInstance): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Retone',
        version: manifest.version,
        description: introduction,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags,
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'An API key: `Authorization: Bearer rt_...`' },
        },
      },
      security: [{ key: [] }],
      webhooks: { taskEnded },
    },
    transform: (input) => {
      const { schema, url } = jsonSchemaTransform(input);
      const [method] = [input.route.method].flat() as string[];
      return { schema: { ...schema, operationId: operationIdOf(method!, input.url) }, url };
    },
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
  });
  app.register(swaggerUi, {
    routePrefix: '/docs',
    // The page's own files and no others; and no HTTPS where there is none.
    // Swagger UI sets styles on elements.
    staticCSP:
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'",
    theme: {
      title: 'Retone API',
      css: [{ filename: 'retone.css', content: '.swagger-ui .topbar { display: none }' }],
    },
    uiConfig: { displayRequestDuration: true, persistAuthorization: true, defaultModelsExpandDepth: 0 },
    transformSpecification: (document, { publicUrl: url }) => ({ ...document, servers: [{ url }] }),
    transformSpecificationClone: false,
  });
  const response = { 200: z.looseObject({}), ...refusals(400, 415) };
  const schema = { tags: ['Operation'], summary: 'This document', security: noKey, response };
  app.register(async (root) => {
    root.get('/openapi.json', { schema }, async ({ publicUrl: url }) => ({ ...app.swagger(), servers: [{ url }] }));
  });
}

const taskEnded = {
  post: {
    tags: ['Tasks'],
    summary: 'A task has ended',
    description:
      'Sent to the webhook of a task that was completed or has failed, at least once. An answer other than 2xx, or ' +
      'none within 15 s, has it sent again, each time after twice as long, 13 times in all. `webhook-signature` is ' +
      '`v3,` and the lower-case hex digits of the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{raw body}`, keyed ' +
      "with the text of the account's webhook secret after `whsec_`. Receivers refuse timestamps older than 300 s.",
    security: noKey,
    parameters: [
      webhookHeader('webhook-id', 'Unique for the event, the same when it is sent again.'),
      webhookHeader('webhook-timestamp', 'When it was sent, in seconds since 1970.'),
      webhookHeader('webhook-signature', '`v3,` and 64 hex digits.'),
    ],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Task' } } },
    },
    responses: { '2XX': { description: 'It was received.' } },
  },
};

function webhookHeader(name: string, description: string) {
  return { name, in: 'header' as const, required: true, description, schema: { type: 'string' as const } };
}

/** A name for programs that are generated from the document: `postPredictionsDelete`, `getFilesByToken`. */
function operationIdOf(method: string, url: string): string {
  const words = url
    .replace(/^\/api\/v3|stability-ai\/stable-audio-3/g, '')
    .replace(/:(\w+)/g, 'by-$1')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean);
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

/** Every named schema comes in two forms, as it is sent and as it is answered; what no route uses is left out. */
function withoutUnused<Document extends object>(document: Document): Document {
  const { components = {} } = document as { components?: { schemas?: Record<string, unknown> } };
  const text = JSON.stringify(document);
  const used = Object.entries(components.schemas ?? {}).filter(([name]) =>
    text.includes(`"#/components/schemas/${name}"`),
  );
  return { ...document, components: { ...components, schemas: Object.fromEntries(used) } };
}
