import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@retone/database';
import { postgresBinaries, startPostgres } from '@retone/database/testing';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ServiceProcess } from './process.ts';

let folder: string;
let service: ServiceProcess;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retone-stop-'));
  service = new ServiceProcess('serve', { RETONE_DATA: folder });
});
afterEach(async () => {
  await service.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${service.key}`, 'content-type': 'application/json' };
  return fetch(`${service.url}/api/v3${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
}

test('a second service on the folder of a first is refused with a sentence, and harms nothing', async () => {
  await service.start();
  const second = new ServiceProcess('serve', { RETONE_DATA: folder });
  expect(await second.start()).toBe(false);
  expect(await second.stop()).toBe(1);
  expect(second.errors).toMatch(/is in use by another process.* DATABASE_URL/);
  expect((await call('GET', '/balance')).status).toBe(200);
});

test('SIGTERM lets what is in hand end, leaves the rest for later, and does not wait for clients', async () => {
  await service.start();
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) {
    const parameters = { prompt: 'a drum', duration: 1, num_inference_steps: 8 };
    const answer = await call('POST', '/stability-ai/stable-audio-3/music', parameters);
    ids.push(((await answer.json()) as Answer).data.id);
  }
  // A client that watches the last task for as long as it takes.
  const events = await call('GET', `/predictions/${ids.at(-1)}/events`);
  await expect
    .poll(async () => ((await (await call('GET', `/predictions/${ids[0]}`)).json()) as Answer).data.status)
    .not.toBe('created');
  expect(await service.stop()).toBe(0);
  await events.text().catch(() => 'cut off');

  const database = await openDatabase({ folder: join(folder, 'database') });
  const tasks = await database.query('SELECT status, attempts FROM tasks');
  await database.close();
  expect(tasks).toHaveLength(4);
  for (const { status, attempts } of tasks) expect([`created 0`, 'completed 1']).toContain(`${status} ${attempts}`);
  expect(service.errors).not.toContain('"level":"error"');
});

describe('a task whose worker is stopped again and again waits for the next one, and is done', () => {
  // More often than a task is tried.
  const stops = 4;
  const parameters = { prompt: 'a drum', duration: 30, num_inference_steps: 20 };
  const settings = () => ({ RETONE_DATA: folder, RETONE_STOP_SECONDS: '0' });

  async function submit(): Promise<string> {
    const answer = await call('POST', '/stability-ai/stable-audio-3/music', parameters);
    return ((await answer.json()) as Answer).data.id;
  }
  async function status(id: string): Promise<string> {
    return ((await (await call('GET', `/predictions/${id}`)).json()) as Answer).data.status;
  }
  const until = (id: string, wanted: string) => expect.poll(() => status(id), { timeout: 60_000 }).toBe(wanted);
  async function row(id: string, options: { url?: string; folder?: string }) {
    const database = await openDatabase(options);
    try {
      const [task] = await database.query('SELECT status, attempts, handed_back FROM tasks WHERE id = $1', [id]);
      return task;
    } finally {
      await database.close();
    }
  }

  test('with the embedded database', { timeout: 180_000 }, async () => {
    service = new ServiceProcess('serve', settings());
    await service.start();
    const id = await submit();
    for (let stop = 1; stop <= stops; stop++) {
      await until(id, 'processing');
      expect(await service.stop()).toBe(0);
      const stopped = await row(id, { folder: join(folder, 'database') });
      expect(stopped).toEqual({ status: 'created', attempts: stop, handed_back: stop });
      await service.start();
    }
    await until(id, 'completed');
  });

  test.skipIf(!postgresBinaries && !process.env.CI)('on a Postgres server', { timeout: 180_000 }, async () => {
    const server = await startPostgres();
    onTestFinished(() => server.stop());
    const url = await server.createDatabase();
    const environment = { ...settings(), DATABASE_URL: url };
    service = new ServiceProcess('api', environment);
    const worker = new ServiceProcess('worker', environment);
    onTestFinished(() => worker.kill());
    await service.start();
    const id = await submit();
    for (let stop = 1; stop <= stops; stop++) {
      await worker.start();
      await until(id, 'processing');
      expect(await worker.stop()).toBe(0);
      expect(await row(id, { url })).toEqual({ status: 'created', attempts: stop, handed_back: stop });
    }
    await worker.start();
    await until(id, 'completed');
    await worker.stop();
    await service.stop();
  });
});

interface Answer {
  data: { id: string; status: string };
}
