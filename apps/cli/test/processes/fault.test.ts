import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeAudio } from '@retone/audio';
import { Accounts, ApiKeys, billingMigrations, Ledger } from '@retone/billing';
import { type ModelId, prices } from '@retone/contract';
import { type Database, migrate, openDatabase } from '@retone/database';
import { mutableRoute, postgresBinaries, smallDisk, startPostgres } from '@retone/database/testing';
import { deleteExpired } from '@retone/jobs';
import { type FileStore, openFileStore } from '@retone/storage';
import { startS3Stub } from '@retone/storage/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { faults, type Target } from './faults.ts';
import { processesOf, ServiceProcess } from './process.ts';
import { randomFrom } from './random.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { type Client, Siege } from './siege.ts';

// Every kind of fault is injected at random moments while three accounts have tasks done. `npm run fault-test` is the
// long form, for RETONE_FAULT_MINUTES; RETONE_FAULT_SEED repeats a run as far as that can be.

const minutes = Number(process.env.RETONE_FAULT_MINUTES ?? 0);
const seed = Number(process.env.RETONE_FAULT_SEED ?? Math.floor(Math.random() * 1e9));
/** In the short form every fault comes once; in the long one, at random until the time is over. */
const long = minutes > 0;
/** Tasks of an account: all in the short form, those that are open at once in the long one. */
const tasksOfAccount = long ? 6 : 12;

const settings = (folder: string) => ({
  RETONE_DATA: folder,
  RETONE_ALLOW_HOSTS: '127.0.0.1',
  RETONE_TASKS_AT_ONCE: '50',
  RETONE_REQUESTS_PER_MINUTE: '1000000',
  RETONE_DATABASE_TIMEOUT_SECONDS: '3',
  RETONE_STORAGE_TIMEOUT_SECONDS: '3',
  RETONE_STALL_SECONDS: '60',
  RETONE_CODING_SECONDS: '20',
  RETONE_STOP_SECONDS: '3',
});

let folder: string;
let receiver: Receiver;
let parts: ServiceProcess[];
const closing: (() => Promise<unknown> | unknown)[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retone-fault-'));
  receiver = await startReceiver();
  console.log(`RETONE_FAULT_SEED=${seed}`);
});
afterEach(async () => {
  for (const part of parts) await part.kill();
  // Whatever was killed, nothing of it lives on.
  const left = () => parts.flatMap((part) => processesOf(part.folder));
  await expect.poll(left, { timeout: 20_000 }).toEqual([]);
  for (const close of closing.splice(0).reverse()) await close();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Three accounts with credit and a key each. */
async function makeClients(database: Database): Promise<Client[]> {
  const clients: Client[] = [];
  for (const name of ['one', 'two', 'three']) {
    const { id } = await new Accounts(database).create(name, 'test');
    await new Ledger(database).credit(id, 1e9, 'test');
    receiver.secrets.push(await new Accounts(database).webhookSecret(id));
    clients.push({ account: id, key: (await new ApiKeys(database).create(id, name, 'test')).key });
  }
  return clients;
}

/** Has tasks done while faults come, until all have ended. Answers with how often each fault came. */
async function besiege(siege: Siege, clients: Client[], target: Target): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const end = performance.now() + minutes * 60_000;
  const names = Object.keys(faults);
  const strike = async (name: string) => {
    const done = faults[name]!(target);
    if (done === undefined) return;
    await done;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    await sleep(1000 + 3000 * target.random());
    // On a busy machine faults at such a pace would leave no time for any task.
    await siege.progress(clients, 30);
    console.log(`${new Date().toISOString()} ${name}, ${siege.asked.length} tasks`);
  };
  const strikes = async () => {
    if (!long) for (const name of names.toSorted(() => target.random() - 0.5)) await strike(name);
    while (performance.now() < end) await strike(names[Math.floor(target.random() * names.length)]!);
  };
  const submit = (client: Client) =>
    long
      ? siege.submit(client, () => performance.now() < end, tasksOfAccount)
      : siege.submit(client, (count) => count < tasksOfAccount);
  await Promise.all([strikes(), ...clients.map(submit)]);
  await Promise.all(clients.map((client) => siege.ended(client)));
  return counts;
}

/** Invariants that must hold at the end, whatever faults were injected. */
async function check(siege: Siege, clients: Client[], database: Database, store: FileStore): Promise<void> {
  const tasks = await database.query(
    'SELECT id, account_id, model, status, attempts, handed_back, error_code FROM tasks',
  );
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const wanted = siege.asked.filter(({ unwanted }) => !unwanted).map(({ id }) => id);
  expect(new Set(siege.asked.map(({ id }) => id)).size, 'each submission is a separate task').toBe(siege.asked.length);
  expect(
    tasks.filter(({ id }) => !siege.asked.some((asked) => asked.id === id)),
    'there are no others',
  ).toEqual([]);
  // A task fails by its own fault only, and none of these has one.
  const failed = tasks.filter(({ status }) => !['completed', 'cancelled'].includes(status));
  const log = parts.flatMap(({ errors }) => errors.split('\n'));
  for (const { id } of failed) console.error(log.filter((line) => line.includes(id)).join('\n'));
  expect(failed).toEqual([]);
  expect(
    wanted.filter((id) => byId.get(id)?.status !== 'completed'),
    'what was wanted is completed',
  ).toEqual([]);
  const tries = tasks.reduce((sum, { attempts }) => sum + attempts, 0);
  console.log(`${siege.asked.length} tasks, ${wanted.length} of them wanted and completed, in ${tries} tries`);

  const ledger = new Ledger(database);
  expect(await ledger.openHolds(), 'nothing is held').toEqual([]);
  expect(await ledger.wrongBalances(), 'balances are the sums of their entries').toEqual([]);
  const kinds = await database.query<{
    task_id: string;
    model: string;
    charges: number;
    charged: number;
    releases: number;
  }>(
    `SELECT task_id, max(model) AS model, count(*) FILTER (WHERE kind = 'charge')::integer AS charges,
       coalesce(sum(amount) FILTER (WHERE kind = 'charge'), 0)::bigint AS charged,
       count(*) FILTER (WHERE kind = 'release')::integer AS releases
     FROM ledger_entries WHERE task_id IS NOT NULL GROUP BY task_id`,
  );
  for (const { task_id: id, model, charges, charged, releases } of kinds) {
    const task = byId.get(id);
    expect([id, releases], 'each hold is released once').toEqual([id, 1]);
    if (task) expect([id, charges]).toEqual([id, task.status === 'completed' ? 1 : 0]);
    if (charges > 0) expect([id, charged]).toEqual([id, -prices[model as ModelId]]);
  }

  // A file of a process that died between storing and recording it is deleted by the daily cleaning.
  const { strays } = await deleteExpired({ database, store }, new Date(0), new Date());
  console.log(`${strays} stray files, deleted by the cleaning`);
  const files = await database.query('SELECT task_id, key, size FROM files WHERE task_id IS NOT NULL');
  const completed = tasks.filter(({ status }) => status === 'completed').map(({ id }) => id);
  expect(files.map(({ task_id }) => task_id).sort(), 'each completed task has one output').toEqual(completed.sort());
  // A client whose upload was answered into nothing uploads again: some belong to no task, and expire.
  const uploads = await database.query('SELECT key, size FROM files WHERE task_id IS NULL AND size IS NOT NULL');
  for (const { key, size } of [...files, ...uploads]) {
    expect([key, (await store.read(key))?.length]).toEqual([key, size]);
  }
  const stored: string[] = [];
  for await (const { key } of store.list('')) stored.push(key);
  const sources = (await database.query('SELECT source_key AS key FROM tasks WHERE source_key IS NOT NULL')).map(
    ({ key }) => key,
  );
  const known = new Set([...[...files, ...uploads].map(({ key }) => key), ...sources]);
  expect(stored, 'there are no files without a row').toEqual([...known].sort());

  const toReceive = tasks.filter(({ status }) => status === 'completed').map(({ id, status }) => [id, status]);
  for (const [id, status] of toReceive) expect([id, receiver.received.get(id!)]).toEqual([id, status]);
  expect(clients).toHaveLength(3);
}

function report(where: string, counts: Map<string, number>): void {
  console.log(`${where}: ${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')}`);
}

async function recording(): Promise<string> {
  const tone = Float32Array.from({ length: 44_100 }, (_, i) => 0.3 * Math.sin(i / 20));
  return Buffer.from(await encodeAudio({ sampleRate: 44_100, channels: [tone] }, 'flac')).toString('base64');
}

/** A start of the service alone may take a minute on a machine that has ten times as much to do as it can. */
const timeout = (30 + 2 * minutes) * 60_000;

describe.skipIf(process.platform !== 'linux')('faults at random moments', () => {
  test('one process with the embedded database and files on disk', { timeout }, async () => {
    const disk = smallDisk(1500);
    if (!disk) console.warn('without full disks, which only root can mount');
    const data = disk?.folder ?? folder;
    closing.push(() => disk?.close());
    const path = join(data, 'database');
    const before = await openDatabase({ folder: path });
    await migrate(before, billingMigrations);
    const clients = await makeClients(before);
    await before.close();
    const service = new ServiceProcess('serve', settings(data));
    parts = [service];
    expect(await service.start(), service.errors).toBe(true);
    const random = randomFrom(seed);
    const siege = new Siege({ apis: parts, random, webhook: receiver.url, recording: await recording() });
    report('PGlite and disk', await besiege(siege, clients, { parts, folder: data, receiver, random, disk }));
    await allTold(siege, clients);
    await service.stop();
    const database = await openDatabase({ folder: path });
    try {
      await check(siege, clients, database, openFileStore({ folder: join(data, 'files') }));
      expect(readdirSync(join(data, 'files', '.partial'))).toEqual([]);
    } finally {
      await database.close();
    }
  });

  test.skipIf(!postgresBinaries && !process.env.CI)(
    'two APIs and two workers on Postgres and S3',
    { timeout },
    async () => {
      const server = await startPostgres();
      closing.push(() => server.stop());
      const direct = await server.createDatabase();
      const route = await mutableRoute(direct);
      closing.push(() => route.close());
      const s3 = await startS3Stub('sounds');
      closing.push(() => s3.close());
      const environment = {
        ...settings(folder),
        DATABASE_URL: route.url,
        RETONE_S3_BUCKET: 'sounds',
        RETONE_S3_ENDPOINT: s3.endpoint,
        RETONE_S3_ACCESS_KEY_ID: 'id',
        RETONE_S3_SECRET_ACCESS_KEY: 'secret',
      };
      const apis = [1, 2].map(() => new ServiceProcess('api', environment));
      parts = [...apis, ...[1, 2].map(() => new ServiceProcess('worker', environment))];
      // The first start of all, at once, on an empty database.
      expect(await Promise.all(parts.map((part) => part.start()))).toEqual([true, true, true, true]);
      const database = await openDatabase({ url: direct, limits: { timeoutMs: 60_000 } });
      closing.push(() => database.close());
      const clients = await makeClients(database);
      const random = randomFrom(seed);
      const siege = new Siege({ apis, random, webhook: receiver.url, recording: await recording() });
      const target = { parts, folder, receiver, random, database: { server, route }, s3 };
      report('Postgres and S3', await besiege(siege, clients, target));
      await allTold(siege, clients);
      for (const part of parts) await part.stop();
      const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
      const store = openFileStore({
        s3: { bucket: 'sounds', endpoint: s3.endpoint, forcePathStyle: true, credentials },
      });
      await check(siege, clients, database, store);
    },
  );
});

/** Webhooks that were refused are sent again, the later the more often they were; they may take minutes after the last task. */
async function allTold(siege: Siege, clients: Client[]): Promise<void> {
  const completed = siege.asked.filter(({ unwanted }) => !unwanted);
  const byAccount = new Map(clients.map((client) => [client.account, client]));
  for (const { id, account } of completed) {
    for (;;) {
      const task = await siege.call(byAccount.get(account)!, 'GET', `/predictions/${id}`);
      if (task?.webhook?.state !== 'waiting') break;
      await sleep(1000);
    }
  }
  siege.over = true;
}
