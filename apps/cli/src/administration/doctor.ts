import { CodedError, freeBytes } from '@retone/common';
import { isEnded, modelIds } from '@retone/contract';
import { newToken } from '@retone/storage';
import manifest from '../../package.json' with { type: 'json' };
import type { Administration } from './context.ts';

/** Seconds by which the clocks of this machine and the database may differ. */
const clockTolerance = 5;
/** Bytes that should be free for files. */
const leastFree = 1e9;

/** Something that `retone doctor` found to be wrong. */
export class DoctorError extends CodedError<'unwell'> {}

/**
 * `retone doctor`: looks at everything that the service needs.
 *
 * @throws DoctorError when something is wrong
 */
export async function doctor({ service, print }: Administration): Promise<void> {
  let wrong = 0;
  const check = async (name: string, look: () => Promise<string>) => {
    try {
      print(`ok     ${name.padEnd(10)}${await look()}`);
    } catch (error) {
      wrong++;
      print(`WRONG  ${name.padEnd(10)}${(error as Error).message}`);
    }
  };
  const { database, ledger, settings, store, tasks } = service;
  await check(
    'versions',
    async () => `Retone ${manifest.version}, Node ${process.version}, ${process.platform} ${process.arch}`,
  );
  await check('database', async () => {
    const since = performance.now();
    const [row] = await database.query<{ version: string }>("SELECT current_setting('server_version') AS version");
    const kind = database.kind === 'pglite' ? 'embedded' : 'server';
    return `${kind}, Postgres ${row!.version}, answers in ${Math.ceil(performance.now() - since)} ms`;
  });
  await check('clock', async () => {
    const before = Date.now();
    const [row] = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    const seconds = Math.abs(row!.now.getTime() - (before + Date.now()) / 2) / 1000;
    if (seconds > clockTolerance) throw new Error(`differs by ${seconds.toFixed(1)} s from the database's`);
    return `differs by ${seconds.toFixed(1)} s from the database's`;
  });
  await check('ledger', async () => {
    const wrongBalances = await ledger.wrongBalances();
    if (wrongBalances.length > 0) {
      throw new Error(
        `${wrongBalances.length} balances are not the sum of their entries: ${wrongBalances[0]!.accountId}`,
      );
    }
    const stray: string[] = [];
    const holds = await ledger.openHolds();
    for (const { taskId } of holds) {
      const task = await tasks.get(taskId);
      if (!task || isEnded(task.status)) stray.push(taskId);
    }
    if (stray.length > 0) throw new Error(`${stray.length} holds belong to no open task: ${stray[0]}`);
    return `balances are the sums of their entries, ${holds.length} open holds`;
  });
  await check('tasks', async () => {
    const { created = 0, processing = 0 } = await tasks.countByStatus();
    return `${created} wait, ${processing} run`;
  });
  await check('storage', async () => {
    const key = `probes/${newToken()}`;
    const content = new Uint8Array(64 * 1024);
    const since = performance.now();
    await store.put(key, content);
    const read = await store.read(key);
    await store.delete(key);
    if (read?.length !== content.length) throw new Error('a file that was stored came back different');
    const where = settings.RETONE_S3_BUCKET ? `bucket ${settings.RETONE_S3_BUCKET}` : 'folder';
    return `${where}, stored, read and deleted in ${Math.ceil(performance.now() - since)} ms`;
  });
  await check('disk', async () => {
    const free = await freeBytes(settings.RETONE_DATA);
    if (free < leastFree) throw new Error(`${settings.RETONE_DATA} has only ${(free / 1e9).toFixed(1)} GB free`);
    return `${settings.RETONE_DATA} has ${(free / 1e9).toFixed(0)} GB free`;
  });
  await check('models', async () => {
    const folders = new Set(modelIds.map((id) => service.models.folderOf(id)));
    return [...folders].join(', ');
  });
  if (wrong > 0) throw new DoctorError('unwell', `${wrong} ${wrong === 1 ? 'check' : 'checks'} failed`);
}
