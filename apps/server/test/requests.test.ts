import { expect, test } from 'vitest';
import { music, refusal, running } from './endpoint-service.ts';

// Rules that every path follows.

test.each([
  ['/healthz', { status: 'ok' }],
  ['/readyz', { status: 'ready' }],
])('%s needs no key', async (path, answer) => {
  const response = await fetch(running.url + path);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(answer);
});

test.each([
  ['GET', '/none'],
  ['GET', '/api/v3/none'],
  ['GET', '/api/v3/stability-ai'],
])('%s %s is nowhere', async (method, path) => {
  const answer = await running.call(method, path);
  expect(answer).toMatchObject({ status: 404, body: refusal(404, 'not_found') });
});

test.each([
  ['PUT', '/api/v3/models', 'GET, HEAD, OPTIONS'],
  ['POST', '/api/v3/balance', 'GET, HEAD, OPTIONS'],
  ['GET', music, 'POST, OPTIONS'],
  ['PATCH', '/api/v3/predictions/x', 'GET, HEAD, DELETE, OPTIONS'],
  ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
])('%s %s is answered with 405 and what is allowed', async (method, path, allow) => {
  const { status, body, headers } = await running.call(method, path);
  expect({ status, body }).toEqual({ status: 405, body: refusal(405, 'method_not_allowed') });
  expect(headers.get('allow')).toBe(allow);
  const options = await fetch(running.url + path, { method: 'OPTIONS' });
  expect([options.status, options.headers.get('allow')]).toEqual([204, allow]);
});

test.each(['/api/v3/balance/', '//api/v3/balance', '/api//v3/balance', '/api/v3/b%61lance'])(
  '%s is found all the same',
  async (path) => {
    expect((await running.call('GET', path)).status).toBe(200);
  },
);

test.each(['GET', 'POST'])('%s answers have headers that keep browsers from mistakes, and an id', async (method) => {
  const { headers } = await running.call(method, '/api/v3/models', undefined, { 'x-request-id': 'mine-1' });
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('x-request-id')).toBe('mine-1');
  const other = await running.call(method, '/api/v3/models', undefined, { 'x-request-id': 'no "id' });
  expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  // Without a setting no page of another origin may call.
  expect(headers.get('access-control-allow-origin')).toBeNull();
});
