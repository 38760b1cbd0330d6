import { setTimeout as sleep } from 'node:timers/promises';
import { firstStart } from '@retone/billing';
import {
  buildApp,
  buildWorkerApp,
  closeInTime,
  openLog,
  readSettings,
  Service,
  type Settings,
  SettingsError,
  unknownSettings,
} from '@retone/server';

import { administration } from '../administration/index.ts';
import { listenForCommands } from '../administration/socket.ts';
import { UsageError } from '../arguments.ts';

// Standard output has what people and scripts wait for at the start; the log is written to standard error.

/** Runs API, worker or both until it is asked to stop. */
export async function serve(parts: { api: boolean; worker: boolean }, signal: AbortSignal): Promise<void> {
  // Stored data is for this user alone, whatever part writes it: recordings, adapters, the database, what the engine caches.
  process.umask(0o077);
  const settings = readSettings(process.env);
  const log = openLog(settings);
  for (const name of unknownSettings(process.env)) log.warn(`${name} is not a setting; retone serve --help lists them`);
  if (!parts.api && settings.RETONE_PUBLIC_URL === undefined) {
    log.warn('RETONE_PUBLIC_URL is not set: webhook payloads will contain relative URLs');
  }
  const stopped = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  const service = await Service.open(settings, { log });
  const app = parts.api ? buildApp(service, log) : buildWorkerApp(service, log);
  let stopListening = () => {};
  try {
    const first = await firstStart(service.database);
    if (first)
      console.log(
        `For your own programs: an API key, which cannot be shown again (the page needs none):\n\n  ${first.key}\n`,
      );
    const port = parts.api ? settings.RETONE_PORT : settings.RETONE_WORKER_PORT;
    const url = port === undefined ? undefined : await listen(app, settings.RETONE_HOST, port);
    if (url && parts.api) service.listensAt(url);
    if (service.database.kind === 'pglite') {
      stopListening = await listenForCommands(settings.RETONE_DATA, (name, args, print) => {
        const command = administration[name];
        if (!command) throw new UsageError(`there is no command "${name}"`);
        return command({ service, print }, args);
      });
    }
    // The URL first: the worker's first messages may contain it.
    if (parts.worker) await service.startWorker();
    console.log(parts.api ? welcome(service, settings) : `Retone works on tasks${url ? ` (${url})` : ''}`);
    await stopped;
    log.info('stopping');
    service.drain();
    await sleep(settings.RETONE_DRAIN_SECONDS * 1000);
  } finally {
    stopListening();
    service.drain();
    // Requests that wait for tasks of this process end first; both together have the time that there is.
    const since = performance.now();
    await closeInTime(app, settings.RETONE_STOP_SECONDS);
    await service.close(Math.max(0, settings.RETONE_STOP_SECONDS - (performance.now() - since) / 1000));
  }
}

async function listen(app: ReturnType<typeof buildApp>, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reasons: Record<string, string> = {
      EADDRINUSE: `port ${port} is taken; RETONE_PORT chooses another`,
      EACCES: `port ${port} may not be used by this user; RETONE_PORT chooses another`,
      EADDRNOTAVAIL: `RETONE_HOST is "${host}", which is not an address of this machine`,
      ENOTFOUND: `RETONE_HOST is "${host}", which is not an address of this machine`,
    };
    throw new SettingsError('bad-setting', reasons[code ?? ''] ?? message);
  }
}

function welcome(service: Service, settings: Settings): string {
  const url = service.publicUrl();
  const lines = [
    `Retone listens at ${url}`,
    `  ${service.pageUrl()} open this in your browser; without the token the page asks for a key`,
    `  ${url}/docs describes the API`,
    `  ${settings.DATABASE_URL ? 'tasks are in Postgres' : `data is in ${settings.RETONE_DATA}`}`,
  ];
  if (process.stdout.isTTY) lines.push('  Ctrl-C stops it');
  return lines.join('\n');
}
