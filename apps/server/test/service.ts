import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstStart } from '@retone/billing';
import type { Engine } from '@retone/jobs';
import type { FastifyBaseLogger } from 'fastify';
import { expect } from 'vitest';
import { buildApp, closeInTime, readSettings, Service, type ServiceLog } from '../src/index.ts';
import { checkAnswers } from './conformance.ts';

/** A service that listens on loopback, with its own data folder and one account. */
export interface Running {
  service: Service;
  url: string;
  key: string;
  accountId: string;
  /** The app. */
  routes: { method: string; url: string }[];
  /** Calls the API with the account's key; answers status and envelope. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Makes another account with a key and credit in dollars, and a `call` with that key. */
  newAccount(dollars?: number): Promise<{ id: string; key: string; keyId: string; call: Running['call'] }>;
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is for the test to say
  body: any;
}

/** Starts a service, with a worker unless asked otherwise; `engine` stands for the worker's. */
export async function startService(
  options: {
    settings?: Record<string, string>;
    worker?: boolean;
    engine?: Engine;
    log?: FastifyBaseLogger;
    events?: ServiceLog;
  } = {},
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'retone-service-'));
  const own = { RETONE_DATA: folder, RETONE_PORT: '0', RETONE_STOP_SECONDS: '5' };
  const settings = readSettings({ ...own, ...options.settings });
  const service = await Service.open(settings, {
    log: options.events ??
      options.log ?? { info() {}, warn() {}, error: (fields, message) => console.error(message, fields) },
    queue: { pollSeconds: 0.5, webhookRetrySeconds: 1, superviseSeconds: 1 },
    ...(options.engine ? { engine: options.engine } : {}),
  });
  const first = (await firstStart(service.database))!;
  if (options.worker ?? true) await service.startWorker();
  const app = buildApp(service, options.log);
  const conformance = checkAnswers(app);
  const routes: Running['routes'] = [];
  app.addHook('onRoute', ({ method, url, schema }) => {
    if ((schema as { hide?: boolean } | undefined)?.hide) return;
    for (const each of [method].flat()) routes.push({ method: each, url });
  });
  const url = await app.listen({ host: settings.RETONE_HOST, port: settings.RETONE_PORT });
  service.listensAt(url);
  const { key } = first;
  return {
    service,
    url,
    key,
    accountId: first.account.id,
    routes,
    call: caller(url, key),
    async newAccount(dollars = 10) {
      const { id } = await service.accounts.create('another', 'test');
      if (dollars) await service.ledger.credit(id, dollars * 1e6, 'test');
      const made = await service.keys.create(id, 'test', 'test');
      return { id, key: made.key, keyId: made.id, call: caller(url, made.key) };
    },
    async close() {
      service.drain();
      await closeInTime(app, 1);
      await service.close();
      rmSync(folder, { recursive: true, force: true });
      expect(conformance.faults).toEqual([]);
    },
  };
}

function caller(url: string, key: string): Running['call'] {
  return async (method, path, body, headers = {}) => {
    const init: RequestInit = { method, headers: { authorization: `Bearer ${key}`, ...headers } };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'content-type': 'application/json', ...(init.headers as Record<string, string>) };
    }
    const response = await fetch(url + path, init);
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
}
