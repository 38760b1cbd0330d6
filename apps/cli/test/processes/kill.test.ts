import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Accounts, Ledger, priceOf } from '@retone/billing';
import { type Database, openDatabase } from '@retone/database';
import { postgresBinaries, startPostgres, type TestServer } from '@retone/database/testing';
import { deleteExpired } from '@retone/jobs';
import { openFileStore } from '@retone/storage';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { processesOf, ServiceProcess } from './process.ts';
import { randomFrom } from './random.ts';
import { type Receiver, startReceiver } from './receiver.ts';

// Parts of the service are killed at random moments while tasks come in and are done. What must hold then is in `check`.
// `npm run kill-test` is the long form; RETONE_KILL_SEED repeats a run as far as that can be.

const long = process.env.RETONE_KILL_TEST === 'long';
const seed = Number(process.env.RETONE_KILL_SEED ?? Math.floor(Math.random() * 1e9));
const model = 'stability-ai/stable-audio-3/music';
const price = priceOf(model)!;
const taskParameters = { prompt: 'a drum', duration: 1, num_inference_steps: 2, output_format: 'wav' };

interface Scale {
  tasks: number;
  kills: number;
}

/** A service whose parts are killed, and the tasks that it is given meanwhile. */
class Siege {
  readonly #parts: ServiceProcess[];
  readonly #apis: ServiceProcess[];
  readonly #scale: Scale;
  readonly #random = randomFrom(seed);
  readonly #receiver: Receiver;
  #over = false;
  key = '';

  constructor(parts: ServiceProcess[], apis: ServiceProcess[], receiver: Receiver, scale: Scale) {
    this.#parts = parts;
    this.#apis = apis;
    this.#receiver = receiver;
    this.#scale = scale;
  }

  /** Answers with the id of each task. */
  async run(): Promise<string[]> {
    const [first, ...others] = this.#parts as [ServiceProcess, ...ServiceProcess[]];
    await start(first);
    this.key = first.key!;
    await Promise.all(others.map(start));
    this.#receiver.secret = (await this.call('GET', '/webhook/secret')).secret;
    try {
      const [ids] = await Promise.all([this.#submitAll(), this.#kill()]);
      await Promise.all(ids.map((id) => this.#ended(id)));
      return ids;
    } finally {
      this.#over = true;
    }
  }

  /** Calls the API as a client does that tries again for as long as the service is away. */
  async call(method: string, path: string, body?: unknown, idempotencyKey?: string) {
    while (!this.#over) {
      const { url } = this.#apis[Math.floor(Math.random() * this.#apis.length)]!;
      try {
        const response = await fetch(`${url ?? 'http://127.0.0.1:1'}/api/v3${path}`, {
          method,
          headers: {
            authorization: `Bearer ${this.key}`,
            ...(body ? { 'content-type': 'application/json' } : {}),
            ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
          },
          ...(body ? { body: JSON.stringify(body) } : {}),
          signal: AbortSignal.timeout(20_000),
        });
        const answer = (await response.json()) as { data: { id: string; status: string; secret: string } };
        if (response.ok) return answer.data;
        if (response.status < 500) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
      } catch (error) {
        if (error instanceof Error && error.message.startsWith(method)) throw error;
      }
      await sleep(200);
    }
    throw new Error('it is over');
  }

  async #submitAll(): Promise<string[]> {
    const query = `?webhook=${encodeURIComponent(this.#receiver.url)}`;
    const ids: string[] = [];
    const numbers = Array.from({ length: this.#scale.tasks }, (_, i) => i).values();
    const submit = async () => {
      for (const i of numbers) {
        const { id } = await this.call('POST', `/${model}${query}`, taskParameters, `task-${i}`);
        ids.push(id);
      }
    };
    await Promise.all([submit(), submit(), submit(), submit()]);
    return ids;
  }

  async #ended(id: string): Promise<void> {
    while (!['completed', 'failed'].includes((await this.call('GET', `/predictions/${id}`)).status)) await sleep(1000);
  }

  async #kill(): Promise<void> {
    for (let i = 0; i < this.#scale.kills; i++) {
      await sleep(500 + 3000 * this.#random());
      const part = this.#parts[Math.floor(this.#random() * this.#parts.length)]!;
      await part.kill();
      await start(part);
    }
  }
}

async function start(part: ServiceProcess): Promise<void> {
  if (!(await part.start())) throw new Error(`a part did not start: ${part.errors.slice(-2000)}`);
}

/** What must hold when everything has come to rest, whatever was killed. */
async function check(database: Database, folder: string, ids: string[], receiver: Receiver): Promise<void> {
  const tasks = await database.query('SELECT id, status, attempts, error FROM tasks');
  expect(tasks.map(({ id }) => id).sort(), 'each submission is one task').toEqual([...ids].sort());
  const completed = tasks.filter(({ status }) => status === 'completed');
  for (const { status, attempts, error } of tasks) {
    if (status === 'completed') continue;
    expect([status, attempts, error]).toEqual(['failed', 3, expect.stringContaining('lost')]);
  }
  const attempts = tasks.reduce((sum, task) => sum + task.attempts, 0);
  console.log(`${tasks.length} tasks, ${completed.length} completed, ${attempts} tries`);

  const ledger = new Ledger(database);
  const [account] = await new Accounts(database).list();
  const [sums] = await database.query(
    `SELECT sum(amount) FILTER (WHERE kind = 'charge')::bigint AS charged,
       sum(amount) FILTER (WHERE kind = 'credit')::bigint AS credited FROM ledger_entries`,
  );
  expect(sums!.charged).toBe(-price * completed.length);
  expect(await ledger.balance(account!.id)).toBe(sums!.credited - price * completed.length);
  expect(await ledger.openHolds()).toEqual([]);

  // What a process left that died between storing a file and telling of it goes in the daily cleaning.
  const store = openFileStore({ folder: join(folder, 'files') });
  const never = new Date(0);
  const { strays } = await deleteExpired({ database, store, lifecycle: undefined as never }, never, new Date());
  console.log(`${strays} stray files`);
  const files = await database.query('SELECT task_id, key, size FROM files');
  expect(files.map(({ task_id }) => task_id).sort(), 'each completed task has one output').toEqual(
    completed.map(({ id }) => id).sort(),
  );
  for (const { key, size } of files) {
    const bytes = Buffer.from((await store.read(key))!);
    expect([bytes.length, bytes.toString('latin1', 0, 4)]).toEqual([size, 'RIFF']);
    expect(bytes.readUInt32LE(4), 'the file is whole').toBe(size - 8);
  }
  const stored: string[] = [];
  for await (const { key } of store.list('')) stored.push(key);
  expect(stored, 'there are no files without a task').toEqual(files.map(({ key }) => key).sort());
  expect(readdirSync(join(folder, 'files', '.partial'))).toEqual([]);

  expect(receiver.told).toEqual(new Map(tasks.map(({ id, status }) => [id, status])));
}

describe(`what is killed at random moments (RETONE_KILL_SEED=${seed})`, () => {
  let folder: string;
  let receiver: Receiver;
  let parts: ServiceProcess[];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'retone-kill-'));
    receiver = await startReceiver();
    return async () => {
      for (const part of parts) await part.kill();
      await expect.poll(() => processesOf(folder), { timeout: 20_000 }).toEqual([]);
      receiver.close();
      rmSync(folder, { recursive: true, force: true });
    };
  });
  const settings = () => ({
    RETONE_DATA: folder,
    RETONE_ALLOW_HOSTS: '127.0.0.1',
    RETONE_TASKS_AT_ONCE: '50',
    RETONE_REQUESTS_PER_MINUTE: '100000',
  });

  test('one process with the embedded database', { timeout: 1_200_000 }, async () => {
    const service = new ServiceProcess('serve', settings());
    parts = [service];
    const siege = new Siege(parts, parts, receiver, long ? { tasks: 60, kills: 15 } : { tasks: 12, kills: 3 });
    const ids = await siege.run();
    expect(await service.stop()).toBe(0);
    const database = await openDatabase({ folder: join(folder, 'database') });
    try {
      await check(database, folder, ids, receiver);
    } finally {
      await database.close();
    }
  });

  describe.skipIf(!postgresBinaries && !process.env.CI)('on a Postgres server', () => {
    let server: TestServer | undefined;
    afterAll(() => server?.stop());

    test('two APIs and three workers', { timeout: 1_200_000 }, async () => {
      server = await startPostgres();
      const url = await server.createDatabase();
      const environment = { ...settings(), DATABASE_URL: url };
      const apis = [1, 2].map(() => new ServiceProcess('api', environment));
      parts = [...apis, ...[1, 2, 3].map(() => new ServiceProcess('worker', environment))];
      const siege = new Siege(parts, apis, receiver, long ? { tasks: 200, kills: 40 } : { tasks: 24, kills: 5 });
      const ids = await siege.run();
      for (const part of parts) expect(await part.stop()).toBe(0);
      const database = await openDatabase({ url });
      try {
        await check(database, folder, ids, receiver);
      } finally {
        await database.close();
      }
    });
  });
});
