import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Accounts, ApiKeys, Ledger } from '@retone/billing';
import { type Database, openDatabase } from '@retone/database';
import { startPostgres } from '@retone/database/testing';

// The second part of npm run bench:service: how much one API process on Postgres takes in and answers, with tables as they are
// after a year. No worker runs: nothing of the figures is the engine's. Load, API and database share the machine.

const scale = Number(process.env.RETONE_BENCH_SCALE ?? 1);
const accountCount = 200;
const ledgerRows = 300_000 * scale;
const taskRows = 1_000_000 * scale;
const seconds = 10;
const model = 'stability-ai/stable-audio-3/music';

const server = await startPostgres();
const url = await server.createDatabase();
const data = mkdtempSync(join(tmpdir(), 'retone-bench-load-'));
const main = fileURLToPath(new URL('../apps/cli/src/main.ts', import.meta.url));
const api = spawn(process.execPath, [main, 'api'], {
  env: {
    ...process.env,
    DATABASE_URL: url,
    RETONE_DATA: data,
    RETONE_PORT: '0',
    RETONE_REQUESTS_PER_MINUTE: '1000000',
    RETONE_QUEUE_LIMIT: '1000000',
    RETONE_ACCOUNT_QUEUE_LIMIT: '1000000',
    RETONE_LOG_LEVEL: 'warn',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.once('exit', () => {
  api.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
});

let said = '';
for await (const chunk of api.stdout) {
  said += chunk;
  if (/http:\/\/127\.0\.0\.1:\d+/.test(said)) break;
}
const base = /http:\/\/127\.0\.0\.1:\d+/.exec(said)![0];
/** A figure of /proc/<pid>/status in MB. */
const memory = (name: 'VmHWM' | 'VmRSS') =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${api.pid}/status`, 'utf8'))?.[1]) / 1024;
/** Seconds of processor that a process has had. */
const processor = (id = api.pid) => {
  const fields = readFileSync(`/proc/${id}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
const peakAtStart = memory('VmHWM');
const before = processor();
await sleep(20_000);
console.log(`API: ${peakAtStart.toFixed(0)} MB at most at its start; idle ${memory('VmRSS').toFixed(0)} MB and`);
console.log(`  ${(((processor() - before) / 20) * 100).toFixed(1)} % of a core`);

const database = await openDatabase({ url, limits: { timeoutMs: 600_000 } });
const agent = new Agent({ keepAlive: true, maxSockets: 100 });

function call(key: string, method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = { authorization: `Bearer ${key}`, ...(text ? { 'content-type': 'application/json' } : {}) };
    const sent = request(base + path, { method, agent, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode!, text: Buffer.concat(parts).toString() }));
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

interface Account {
  id: string;
  key: string;
}

async function account(): Promise<Account> {
  const { id } = await new Accounts(database).create('bench', 'bench');
  await new Ledger(database).credit(id, 1e12, 'bench');
  return { id, key: (await new ApiKeys(database).create(id, 'bench', 'bench')).key };
}

/** Seconds of processor that the connections of the API have had in Postgres. */
async function postgresProcessor(): Promise<number> {
  const rows = await database.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'retone'
       AND pid <> pg_backend_pid()`,
  );
  return rows.reduce((sum, { pid }) => sum + processor(pid), 0);
}

interface Measured {
  /** Calls a second. */
  rate: number;
  /** Milliseconds that each took, sorted. */
  times: number[];
  /** Milliseconds of processor for a call. */
  ofApi: number;
  ofPostgres: number;
}

/** Calls `work` from `atOnce` connections for a while. */
async function load(atOnce: number, work: (turn: number) => Promise<void>): Promise<Measured> {
  const times: number[] = [];
  const [api, postgres] = [processor(), await postgresProcessor()];
  const end = performance.now() + seconds * 1000;
  let turn = 0;
  const one = async () => {
    while (performance.now() < end) {
      const since = performance.now();
      await work(turn++);
      times.push(performance.now() - since);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return {
    rate: times.length / seconds,
    times: times.sort((a, b) => a - b),
    ofApi: ((processor() - api) * 1000) / times.length,
    ofPostgres: (((await postgresProcessor()) - postgres) * 1000) / times.length,
  };
}

const at = (times: number[], share: number) => `${times[Math.floor(share * (times.length - 1))]!.toFixed(1)} ms`;
const report = (what: string, { rate, times, ofApi, ofPostgres }: Measured) => {
  console.log(`${what}: ${rate.toFixed(0)}/s, median ${at(times, 0.5)}, p99 ${at(times, 0.99)}`);
  console.log(`  processor for each: API ${ofApi.toFixed(2)} ms, Postgres ${ofPostgres.toFixed(2)} ms`);
};
const right = ({ status, text }: { status: number; text: string }) => {
  if (status !== 200) throw new Error(text);
  return JSON.parse(text).data;
};
const submit = async ({ key }: Account) => right(await call(key, 'POST', `/api/v3/${model}`, { prompt: 'x' }));

const accounts: Account[] = [];
for (let i = 0; i < accountCount; i++) accounts.push(await account());
const rich = await account();
await database.query(
  `INSERT INTO ledger_entries (account_id, kind, amount, created_at)
   SELECT '${rich.id}', 'credit', 1, now() - interval '1 day' FROM generate_series(1, ${ledgerRows})`,
);

report(
  `submit, ${accountCount} accounts`,
  await load(20, async (turn) => void (await submit(accounts[turn % accountCount]!))),
);
report(`submit, one account with ${ledgerRows} ledger entries`, await load(20, async () => void (await submit(rich))));
const [task] = await Promise.all([submit(accounts[0]!)]);
report(
  'poll, 20 connections',
  await load(20, async () => void right(await call(accounts[0]!.key, 'GET', `/api/v3/predictions/${task.id}/result`))),
);

await manyTasks(database, rich.id);
for (const [what, filter] of [
  ['first page', {}],
  ['first page of the failed ones', { status: 'failed' }],
  ['first page of a model', { model }],
  ['first page of a week', { created_after: '2026-01-01', created_before: '2026-01-08' }],
] as const) {
  report(
    `history of ${taskRows} tasks, ${what}`,
    await load(
      1,
      async () => void right(await call(rich.key, 'POST', '/api/v3/predictions', { page_size: 100, ...filter })),
    ),
  );
}
const [middle] = await database.query<{ place: string; id: string }>(
  `SELECT created_at::text AS place, id FROM tasks WHERE account_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET ${Math.floor(taskRows / 2)}`,
  [rich.id],
);
const cursor = Buffer.from(`${middle!.place}|${middle!.id}`).toString('base64url');
for (const filter of [{}, { status: 'failed' }]) {
  report(
    `  page ${taskRows / 200} by cursor ${JSON.stringify(filter)}`,
    await load(
      1,
      async () =>
        void right(await call(rich.key, 'POST', '/api/v3/predictions', { page_size: 100, cursor, ...filter })),
    ),
  );
}
report(
  '  page 100, the last by number',
  await load(
    1,
    async () => void right(await call(rich.key, 'POST', '/api/v3/predictions', { page_size: 100, page: 100 })),
  ),
);
await database.close();
await server.stop();
process.exit(0);

/** Fills the tables as a year would, evenly over it. */
async function manyTasks(on: Database, accountId: string): Promise<void> {
  await on.query(
    `INSERT INTO tasks (id, account_id, model, input, status, seed, outputs, created_at, ended_at)
     SELECT md5(n::text), '${accountId}', CASE n % 3 WHEN 0 THEN 'a/b' ELSE '${model}' END,
       '{"prompt": "x", "output_format": "mp3"}', CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'completed' END, n, '["x"]',
       '2026-01-01T00:00:00Z'::timestamptz + n * interval '30 seconds', now()
     FROM generate_series(1, ${taskRows}) AS n`,
  );
  await on.query('VACUUM ANALYZE tasks');
}
