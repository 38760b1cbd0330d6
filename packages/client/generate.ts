import { readFileSync, writeFileSync } from 'node:fs';
import openapiTypescript, { astToString } from 'openapi-typescript';

// `npm run client-types` writes src/api.ts from the OpenAPI document of the service; a test of the server compares them.

const file = new URL('src/api.ts', import.meta.url);
const header = '// Generated from the OpenAPI document of the service by `npm run client-types`. Do not edit.\n\n';

/** Fields that say nothing about types: the document describes them, and wording may change without a new client. */
const wording = new Set(['description', 'summary', 'examples', 'default', 'title', 'operationId', 'security', 'tags']);

/** The endpoints that the client calls; the rest of the API is for operators and for clients of the hosted service. */
const used = /^\/api\/v3\/(stability-ai\/|predictions(\/\{id\}(\/events)?)?$|media\/upload\/binary$|models$|balance$)/;

/** The TypeScript types of the requests and successful answers of the paths that the client uses. */
export async function typesOf(document: { paths: object; components: object }): Promise<string> {
  const paths = Object.entries(document.paths)
    .filter(([path]) => used.test(path))
    .map(([path, operations]) => [path.slice('/api/v3'.length), onlySuccess(operations)]);
  const { openapi, info, components } = document as unknown as Record<'openapi' | 'info' | 'components', unknown>;
  const reduced = withoutWording({ openapi, info, components, paths: Object.fromEntries(paths) });
  return header + astToString(await openapiTypescript(reduced as never, { alphabetize: true }));
}

/** Writes the types into the repository. */
export async function writeTypes(document: Parameters<typeof typesOf>[0]): Promise<void> {
  writeFileSync(file, await typesOf(document));
}

/** The types that are in the repository. */
export function currentTypes(): string {
  return readFileSync(file, 'utf8');
}

function onlySuccess(operations: Record<string, { responses: Record<string, unknown> }>): object {
  return Object.fromEntries(
    Object.entries(operations).map(([method, { responses, ...operation }]) => [
      method,
      { ...operation, responses: { 200: responses['200'] } },
    ]),
  );
}

function withoutWording(value: unknown, isProperties = false): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutWording(each));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => isProperties || !(wording.has(name) || name.startsWith('x-')));
  return Object.fromEntries(
    kept.map(([name, each]) => [name, withoutWording(each, !isProperties && ['properties', 'schemas'].includes(name))]),
  );
}
