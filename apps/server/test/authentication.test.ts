import { describe, expect, test } from 'vitest';
import { buildApp } from '../src/index.ts';
import { music, refusal, running } from './endpoint-service.ts';

// Keys of requests, and how many requests they may make.

describe('a key', () => {
  test.each([
    ['absent', undefined],
    ['not a bearer', 'Basic abc'],
    ['empty', 'Bearer '],
    ['unknown', `Bearer rt_${'a'.repeat(43)}`],
    ['malformed', 'Bearer x'],
  ])('that is %s is answered with 401', async (_, authorization) => {
    for (const path of ['/api/v3/models', '/api/v3/balance', '/api/v3/predictions/x/result']) {
      const response = await fetch(running.url + path, authorization ? { headers: { authorization } } : {});
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual(refusal(401));
    }
  });

  test('that was revoked is answered with 401', async () => {
    const { call, keyId } = await running.newAccount();
    expect((await call('GET', '/api/v3/balance')).status).toBe(200);
    await running.service.keys.revoke(keyId, 'test');
    expect(await call('GET', '/api/v3/balance')).toMatchObject({ status: 401, body: refusal(401, 'unknown_key') });
  });

  test('of a suspended account is answered with 403 until it is resumed', async () => {
    const { call, id } = await running.newAccount();
    await running.service.accounts.suspend(id, 'test');
    expect(await call('POST', music, { prompt: 'x' })).toMatchObject({ status: 403, body: refusal(403, 'suspended') });
    await running.service.accounts.resume(id, 'test');
    expect((await call('POST', music, { prompt: 'x' })).status).toBe(200);
  });

  test('may come with the headers of the clients', async () => {
    const headers = { 'x-client-name': 'wavespeed', 'x-client-version': '1', 'x-client-os': 'linux' };
    expect((await running.call('GET', '/api/v3/balance', undefined, headers)).status).toBe(200);
  });
});

test('more requests in a minute than the account may make are answered with 429 and when to come again', async () => {
  const { call, id } = await running.newAccount();
  await running.service.accounts.setLimits(id, { requestsPerMinute: 3, concurrentTasks: null }, 'test');
  const statuses: number[] = [];
  // Twice the limit and one: whenever the minute turns, one of its two parts is above it.
  for (let i = 0; i < 7; i++) {
    const { status, headers, body } = await call('GET', '/api/v3/balance');
    statuses.push(status);
    if (status !== 429) continue;
    expect(body).toEqual(refusal(429, 'rate_limited'));
    const seconds = Number(headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(60);
  }
  expect(statuses).toContain(429);
  expect((await running.call('GET', '/api/v3/balance')).status).toBe(200);
});

test('the requests of an account are counted by all APIs together', async () => {
  const { id, key } = await running.newAccount();
  await running.service.accounts.setLimits(id, { requestsPerMinute: 3, concurrentTasks: null }, 'test');
  const apis = [1, 2, 3].map(() => buildApp(running.service));
  const statuses: number[] = [];
  // As above, seven are too many; but no one of the three has more than three of them.
  for (let i = 0; i < 7; i++) {
    const headers = { authorization: `Bearer ${key}` };
    statuses.push((await apis[i % 3]!.inject({ url: '/api/v3/balance', headers })).statusCode);
  }
  for (const api of apis) await api.close();
  expect(statuses).toContain(429);
});
