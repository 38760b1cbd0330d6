import { deliveryParameters, modelIds, modelOf } from '@retone/contract';
import { Validator } from '@seriousme/openapi-schema-validator';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkAnswers } from './conformance.ts';
import { type Running, startService } from './service.ts';

// The API's description. That real answers are as it says, every test of this folder checks by the way
// (conformance.ts).

let running: Running;
// biome-ignore lint/suspicious/noExplicitAny: a document of many forms
let document: any;
beforeAll(async () => {
  running = await startService({ worker: false });
  document = await (await fetch(`${running.url}/openapi.json`)).json();
});
afterAll(() => running.close());

test('is a valid OpenAPI 3.1 document', async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  expect(document.servers).toEqual([{ url: running.url }]);
});

test('has every route', () => {
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const registered = running.routes
    .filter(({ method, url }) => method !== 'HEAD' && !url.startsWith('/docs') && !url.includes('*'))
    .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`);
  expect(described.sort()).toEqual(registered.sort());
  expect(described.length).toBeGreaterThan(25);
});

test('every operation has a summary, a tag, and its refusals', () => {
  for (const [path, methods] of Object.entries<Record<string, Record<string, unknown>>>(document.paths)) {
    for (const operation of Object.values(methods)) {
      expect(operation).toMatchObject({ summary: expect.any(String), tags: [expect.any(String)] });
      if (path.startsWith('/api/v3/')) {
        expect(Object.keys(operation.responses as object)).toEqual(
          expect.arrayContaining(['200', '401', '403', '429']),
        );
      } else expect(operation.security).toEqual([]);
    }
  }
});

test.each(modelIds.map((id) => [id, modelOf(id)] as const))(
  '%s: each parameter is described completely',
  (id, model) => {
    const { requestBody } = document.paths[`/api/v3/${id}`].post;
    const { $ref } = requestBody.content['application/json'].schema;
    const schema = document.components.schemas[$ref.split('/').at(-1)];
    expect(Object.keys(schema.properties)).toEqual([...model.parameters, ...Object.keys(deliveryParameters)]);
    for (const property of Object.values(schema.properties)) {
      expect(property).toMatchObject({ type: expect.any(String), description: expect.stringMatching(/\w/) });
      expect(property).toHaveProperty('examples');
    }
    expect(schema.properties.guidance_scale).toMatchObject({ type: 'number', minimum: 0, maximum: 25, default: 1 });
  },
);

test('there are webhooks, events and forms', () => {
  expect(document.webhooks.taskEnded.post.parameters).toHaveLength(3);
  const events = document.paths['/api/v3/predictions/{id}/events'].get;
  expect(events.responses['200'].content).toHaveProperty(['text/event-stream']);
  const upload = document.paths['/api/v3/media/upload/binary'].post;
  expect(Object.keys(upload.requestBody.content)).toEqual(['multipart/form-data']);
  expect(document.components.securitySchemes.key).toMatchObject({ type: 'http', scheme: 'bearer' });
});

test('/docs shows it, and asks nobody else for anything', async () => {
  const seen = new Set<string>();
  const visit = async (path: string) => {
    const response = await fetch(running.url + path);
    expect({ path, status: response.status }).toEqual({ path, status: 200 });
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'self'");
    // Swagger UI writes styles into its elements; scripts come from files alone.
    expect(policy!.replace("style-src 'self' 'unsafe-inline'", '')).not.toMatch(
      /https?:|upgrade-insecure-requests|unsafe/,
    );
    return response.text();
  };
  const page = await visit('/docs/');
  for (const [, target] of page.matchAll(/(?:src|href)="([^"]+)"/g)) {
    expect(target).not.toMatch(/^(https?:)?\/\//);
    seen.add(target!);
    await visit(new URL(target!, `${running.url}/docs/`).pathname);
  }
  expect([...seen].some((target) => target.includes('swagger-ui-bundle.js'))).toBe(true);
});

test('an answer that is not as described is noticed', async () => {
  const app = Fastify();
  app.decorate('swagger', (() => ({
    paths: {
      '/wrong': {
        get: { responses: { 200: { content: { 'application/json': { schema: { type: 'string' } } } } } },
      },
    },
  })) as never);
  const { faults } = checkAnswers(app);
  app.get('/wrong', { schema: {} }, async () => ({ a: 1 }));
  await app.inject('/wrong');
  expect(faults).toEqual([expect.stringContaining('must be string')]);
});
