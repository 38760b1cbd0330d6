import { firstStart } from '@retone/billing';
import type { Connection } from '@retone/client';
import { isLocked } from '@retone/database';
import { buildApp, closeInTime, openLog, readSettings, Service } from '@retone/server';

/** Name of the key that this process works with; one is valid at a time. */
const keyName = 'mcp';

/** Runs the service in this process, for its own use: on loopback, at any free port. */
export async function ownService({ key }: { key: boolean }): Promise<Connected> {
  const settings = readSettings(process.env);
  const log = openLog({ ...settings, RETONE_LOG_LEVEL: 'warn' });
  const service = await Service.open(settings, { log }).catch((error: unknown) => {
    if (!isLocked(error)) throw error;
    throw new Error(
      `a Retone service is running on ${settings.RETONE_DATA}; work with it by --server and its key in RETONE_KEY`,
    );
  });
  const app = buildApp(service, log);
  let closing = false;
  const close = async () => {
    closing = true;
    service.drain();
    await closeInTime(app, settings.RETONE_STOP_SECONDS);
    await service.close();
  };
  try {
    await firstStart(service.database);
    service.listensAt(await app.listen({ host: '127.0.0.1', port: 0 }));
    // Loading and compiling the model can take longer than programs wait for the first answer; tasks wait for it in the queue.
    service.startWorker().catch((error: Error) => {
      if (closing) return;
      console.error(`retone: ${error.message}`);
      process.exit(1);
    });
    return { connection: { url: service.publicUrl(), key: key ? await newKey(service) : '' }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function newKey(service: Service): Promise<string> {
  const [account] = await service.accounts.list();
  for (const { id, name, revokedAt } of await service.keys.list(account!.id)) {
    if (name === keyName && !revokedAt) await service.keys.revoke(id, keyName);
  }
  return (await service.keys.create(account!.id, keyName, keyName)).key;
}

/** A service to work with, and what ends with it. */
export interface Connected {
  connection: Connection;
  close(): Promise<void>;
}
