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
import { type S3Fault, type S3Stub, startS3Stub } from '@retone/storage/testing';
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

    test('recovers by itself when its connections were dropped silently', async () => {
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

    test('stops when it is asked to, though the database stays silent', async () => {
      expect(await completed()).toBe('completed');
      route.muteAll();
      // `afterEach` closes it.
    });
  });

  describe('with files in S3', () => {
    let stub: S3Stub;
    beforeEach(async () => {
      stub = await startS3Stub('sounds');
    });
    afterEach(() => stub.close());

    const s3 = (endpoint: string) => ({
      RETONE_S3_BUCKET: 'sounds',
      RETONE_S3_ENDPOINT: endpoint,
      RETONE_S3_ACCESS_KEY_ID: 'id',
      RETONE_S3_SECRET_ACCESS_KEY: 'secret',
      RETONE_STORAGE_TIMEOUT_SECONDS: '1',
      RETONE_TASKS_AT_ONCE: '50',
      RETONE_WORKERS: '2',
    });
    const quiet = { info() {}, warn() {}, error() {} };
    /** How many tasks ended how, once all have. */
    const endings = async ({ service }: Running, ids: string[]) => {
      const tasks = await Promise.all(ids.map((id) => service.tasks.get(id)));
      return tasks.map((task) => [task!.status, task!.attempts - task!.handedBack]);
    };
    const submit = async ({ call }: Running, count: number) => {
      const answers = await Promise.all(Array.from({ length: count }, () => call('POST', music, { prompt: 'x' })));
      return answers.map(({ body }) => body.data.id as string);
    };

    test.each<S3Fault>(['error', 'hang', 'cut'])('an outage (%s) fails no task and counts no try', async (fault) => {
      const running = await startService({
        engine: new StubEngine(),
        settings: { DATABASE_URL: await server.createDatabase(), ...s3(stub.endpoint) },
        events: quiet,
      });
      try {
        let failed = 0;
        stub.fault = () => {
          failed++;
          return fault;
        };
        const ids = await submit(running, 8);
        await expect.poll(() => failed).toBeGreaterThan(4);
        stub.fault = () => undefined;
        await expect.poll(() => endings(running, ids)).toEqual(Array(8).fill(['completed', 1]));
        const { body } = await running.call('GET', `/api/v3/predictions/${ids[0]}`);
        expect((await fetch(body.data.outputs[0])).status).toBe(200);
      } finally {
        await running.close();
      }
    });

    test('a worker that alone cannot reach it leaves the tasks to others', async () => {
      const url = await server.createDatabase();
      const gone = await startS3Stub('sounds');
      await gone.close();
      const healthy = await startService({
        engine: new StubEngine(),
        settings: { DATABASE_URL: url, ...s3(stub.endpoint) },
        events: quiet,
      });
      const log = quiet;
      const folder = mkdtempSync(join(tmpdir(), 'retone-cut-off-'));
      const settings = readSettings({
        DATABASE_URL: url,
        RETONE_DATA: folder,
        RETONE_STOP_SECONDS: '1',
        ...s3(gone.endpoint),
      });
      const cutOff = await Service.open(settings, { log, engine: new StubEngine(), queue: { pollSeconds: 0.5 } });
      await cutOff.startWorker();
      try {
        const ids = await submit(healthy, 20);
        await expect.poll(() => endings(healthy, ids)).toEqual(Array(20).fill(['completed', 1]));
      } finally {
        await cutOff.close();
        await healthy.close();
        rmSync(folder, { recursive: true, force: true });
      }
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
