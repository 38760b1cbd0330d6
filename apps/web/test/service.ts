import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstStart } from '@retone/billing';
import type { Engine } from '@retone/jobs';
import { buildApp, closeInTime, readSettings, Service } from '@retone/server';

/** A service with the page, on loopback and in a datits own folder. */
export interface Running {
  url: string;
  /** The page, with the token that gives it a key. */
  page: string;
  service: Service;
  key: string;
  /** Stops the service, as when its process ends. */
  stop(): Promise<void>;
  /** Starts it again with the same data at the same address. */
  start(): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  settings?: Record<string, string>;
  engine?: Engine;
}

/** Starts a service with the built-in model, unless an engine stands for it. */
export async function startService({ settings = {}, engine }: Options = {}): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'retone-page-'));
  let port = 0;
  let app: ReturnType<typeof buildApp>;
  const log = { info() {}, warn() {}, error: (fields: object, message: string) => console.error(message, fields) };
  const running = {
    key: '',
    async start() {
      const read = readSettings({ RETONE_DATA: folder, ...settings });
      const queue = { pollSeconds: 0.5 };
      running.service = await Service.open(read, { log, queue, ...(engine ? { engine } : {}) });
      running.key = (await firstStart(running.service.database))?.key ?? running.key;
      await running.service.startWorker();
      app = buildApp(running.service);
      running.url = await app.listen({ host: '127.0.0.1', port });
      port = Number(new URL(running.url).port);
      running.service.listensAt(running.url);
      running.page = running.service.pageUrl();
    },
    async stop() {
      running.service.drain();
      await closeInTime(app, 0);
      await running.service.close();
    },
    async close() {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  } as Running;
  await running.start();
  return running;
}
