import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type MutableRoute,
  mutableRoute,
  postgresBinaries,
  startPostgres,
  type TestServer,
} from '@retone/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { readSettings, Service } from '../src/index.ts';
import { type Running, startService } from './service.ts';
import { StubEngine } from './stub-engine.ts';

const music = '/api/v3/stability-ai/stable-audio-3/music';

describe.skipIf(!postgresBinaries && !process.env.CI)('while the database does not answer', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  describe('a service', () => {
    let route: MutableRoute;
    let running: Running;
    beforeEach(async () => {
      route = await mutableRoute(await server.createDatabase());
      running = await startService({
        engine: new StubEngine(),
        settings: { DATABASE_URL: route.url, RETONE_DATABASE_TIMEOUT_SECONDS: '1', RETONE_STOP_SECONDS: '1' },
        events: { info() {}, warn() {}, error() {} },
      });
    });
    afterEach(async () => {
      await running.close();
      await route.close();
    });

    const get = async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(running.url + path, { headers });
      return { status: response.status, headers: response.headers, text: await response.text() };
    };
    const completed = async () => {
      const { body } = await running.call('POST', music, { prompt: 'x', enable_sync_mode: true });
      return body.data?.status;
    };

    test('goes on by itself when its connections were dropped silently', async () => {
      expect(await completed()).toBe('completed');
      route.mute();
      await expect.poll(async () => (await get('/readyz')).status).toBe(200);
      await expect.poll(completed).toBe('completed');
    });

    test('answers 503 and when to come again, lives, and serves when it is back', async () => {
      route.muteAll();
      await expect.poll(async () => (await get('/readyz')).status).toBe(503);
      expect((await get('/healthz')).status).toBe(200);
      for (const [method, path, body] of [
        ['GET', '/api/v3/balance', undefined],
        ['POST', '/api/v3/predictions', {}],
        ['POST', music, { prompt: 'x' }],
        ['GET', '/api/v3/predictions/x', undefined],
      ] as const) {
        const { status, headers, body: answer } = await running.call(method, path, body);
        expect([status, answer.error_code]).toEqual([503, 'database_unavailable']);
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      }
      const metrics = await get('/metrics');
      expect(metrics.status).toBe(200);
      expect(metrics.text).toContain('retone_database_up 0');
      expect(metrics.text).not.toMatch(/^retone_tasks\{/m);
      route.restore();
      await expect.poll(completed).toBe('completed');
      expect((await get('/metrics')).text).toContain('retone_database_up 1');
    });

    test('stops when it is told to, though the database stays silent', async () => {
      expect(await completed()).toBe('completed');
      route.muteAll();
      // `afterEach` closes it.
    });
  });

  test('six services that start on an empty database at once all start', async () => {
    const url = await server.createDatabase();
    const folder = mkdtempSync(join(tmpdir(), 'retone-start-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const settings = readSettings({ DATABASE_URL: url, RETONE_DATA: folder });
    const log = { info() {}, warn() {}, error() {} };
    const services = await Promise.allSettled(Array.from({ length: 6 }, () => Service.open(settings, { log })));
    for (const service of services) if (service.status === 'fulfilled') await service.value.close();
    expect(services.map(({ status }) => status)).toEqual(Array(6).fill('fulfilled'));
  });
});
