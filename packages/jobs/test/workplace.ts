import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts, billingMigrations, Ledger } from '@retone/billing';
import { type Database, migrate, openDatabase } from '@retone/database';
import { type DatabaseTests, onEveryDatabase } from '@retone/database/testing';
import { type FileStore, openFileStore } from '@retone/storage';
import { afterEach, beforeEach } from 'vitest';
import {
  type Engine,
  EngineFailure,
  Files,
  jobsMigrations,
  Lifecycle,
  Queue,
  type QueueSettings,
  type Task,
  Tasks,
  taskChannel,
  Worker,
  type WorkerOptions,
} from '../src/index.ts';

/** The price of a task in these tests, in micro-dollars. */
export const price = 20_000;

/** Stands for the engine: makes a moment of silence, as soon as the test lets it. */
export class StubEngine implements Engine {
  /** Prompts in the order in which they were begun. */
  readonly begun: string[] = [];
  running = 0;
  /** The most that ever ran at once. */
  peak = 0;
  /** Awaited by each run; it may throw. */
  work: (prompt: string, signal: AbortSignal | undefined) => Promise<void> = async () => {};

  async load() {
    return { sampleRate: 44100, audioChannels: 2, maxSeconds: 400 };
  }

  async run({ controls: { prompt } }: Parameters<Engine['run']>[0], options: Parameters<Engine['run']>[1] = {}) {
    this.begun.push(prompt);
    this.peak = Math.max(this.peak, ++this.running);
    try {
      options.onProgress?.({ stage: 'sample', fraction: 0.5, step: 1, steps: 2 });
      await this.work(prompt, options.signal);
    } finally {
      this.running--;
    }
    return { data: new Float32Array(2000), shape: [2, 1000] };
  }
}

/** Work that ends only when it is asked to stop, and says when it was begun. */
export function endless(onBegin: () => void = () => {}) {
  return (_prompt: string, signal: AbortSignal | undefined) =>
    new Promise<void>((_, reject) => {
      const stop = () => reject(new EngineFailure('aborted', 'cancelled'));
      if (signal?.aborted) return stop();
      signal?.addEventListener('abort', stop, { once: true });
      onBegin();
    });
}

/** A machine: its connection to the database, its queue, and what it does with them. */
export interface Machine {
  database: Database;
  queue: Queue;
  lifecycle: Lifecycle;
  engine: StubEngine;
  outcomes: { id: string; outcome: string; error?: unknown }[];
  work(more?: Partial<WorkerOptions>): Promise<void>;
}

/** Options of a test's task. */
interface Details {
  prompt: string;
  tasksAtOnce: number;
  webhookUrl: string;
  /** A recording in the store that it starts from. */
  sourceKey: string;
}

/** A shared database and store, an account, and machines that have them in common. */
export class Workplace {
  readonly tests: DatabaseTests;
  readonly database: Database;
  readonly store: FileStore;
  readonly tasks: Tasks;
  readonly files: Files;
  readonly ledger: Ledger;
  readonly #url: string | undefined;
  readonly #folder: string;
  readonly #closing: (() => Promise<unknown>)[] = [];

  private constructor(tests: DatabaseTests, database: Database, url: string | undefined) {
    this.tests = tests;
    this.database = database;
    this.#url = url;
    this.#folder = mkdtempSync(join(tmpdir(), 'retone-jobs-'));
    this.store = openFileStore({ folder: this.#folder });
    this.tasks = new Tasks(database);
    this.files = new Files(database);
    this.ledger = new Ledger(database);
  }

  static async open(tests: DatabaseTests): Promise<Workplace> {
    const url = tests.kind === 'postgres' ? await tests.newUrl() : undefined;
    const database = url ? await openDatabase({ url }) : await tests.open();
    await migrate(database, [...billingMigrations, ...jobsMigrations]);
    return new Workplace(tests, database, url);
  }

  /** On a server with its own connections; in PGlite, which is one process's, on the one that there is. */
  async machine(settings: Partial<QueueSettings> = {}, limits: { queueLimit?: number } = {}): Promise<Machine> {
    const database = this.#url ? await openDatabase({ url: this.#url }) : this.database;
    const errors: Error[] = [];
    const quick = { pollSeconds: 0.5, superviseSeconds: 1, tasksAtOnce: 100 };
    const queue = await Queue.open(database, (error) => errors.push(error), { ...quick, ...settings });
    const { store } = this;
    const lifecycle = new Lifecycle({ database, store, queue, billing: 'on', queueLimit: 1000, ...limits });
    const engine = new StubEngine();
    const outcomes: Machine['outcomes'] = [];
    this.#closing.push(async () => {
      await queue.close(1);
      if (database !== this.database) await database.close();
    });
    return {
      database,
      queue,
      lifecycle,
      engine,
      outcomes,
      work: (more = {}) =>
        new Worker({
          database,
          store,
          queue,
          lifecycle,
          engineFor: async () => engine,
          fetching: { maxBytes: 1e6, timeoutMs: 1000 },
          onTry: ({ task, outcome, error }) => outcome !== 'started' && outcomes.push({ id: task.id, outcome, error }),
          retrySeconds: [0],
          ...more,
        }).start(),
    };
  }

  async account(dollars = 100): Promise<string> {
    const { id } = await new Accounts(this.database).create('an account', 'test');
    await this.ledger.credit(id, dollars * 1e6, 'test');
    return id;
  }

  submit(machine: Machine, accountId: string, more: Partial<Details> = {}): Promise<Task> {
    const { prompt = 'x', tasksAtOnce, webhookUrl = null, sourceKey = null } = more;
    return machine.lifecycle.submit({
      price,
      tasksAtOnce,
      task: {
        accountId,
        model: `stability-ai/stable-audio-3/${sourceKey ? 'audio-to-audio' : 'music'}`,
        input: { prompt, output_format: 'wav', ...(sourceKey ? { audio: 'an upload' } : { duration: 1 }) },
        sourceKey,
        seed: 1,
        base64Output: false,
        webhookUrl,
      },
    });
  }

  /** Resolves with the task as soon as it is in one of the statuses. */
  until(id: string, ...statuses: Task['status'][]): Promise<Task> {
    return this.when(id, ({ status }) => statuses.includes(status));
  }

  /** Resolves with the task as soon as something holds of it, by the service's own notifications. */
  async when(id: string, holds: (task: Task) => boolean): Promise<Task> {
    let look = () => {};
    const unlisten = await this.database.listen(taskChannel, (changed) => changed === id && look());
    try {
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          // A notification can come before anyone listens; so does the service look for itself now and then.
          const timer = setTimeout(resolve, 500);
          look = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        const task = await this.tasks.get(id);
        if (task && holds(task)) {
          look();
          return task;
        }
        await changed;
      }
    } finally {
      await unlisten();
    }
  }

  ended(ids: readonly string[]): Promise<Task[]> {
    return Promise.all(ids.map((id) => this.until(id, 'completed', 'failed', 'cancelled')));
  }

  /** Makes the queue think that whoever has the active tasks was last heard of long ago. */
  async silenceWorkers(): Promise<void> {
    await this.database.query(
      "UPDATE pgboss.job SET heartbeat_on = now() - interval '1 hour' WHERE name = 'tasks' AND state = 'active'",
    );
  }

  async storedFiles(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of this.store.list(prefix)) keys.push(key);
    return keys;
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close();
    if (this.#url) await this.database.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The workplace of the current test. */
export let place: Workplace;

/** Defines tests that run on every database, each in a workplace of its own. */
export function onEveryWorkplace(define: (tests: DatabaseTests) => void): void {
  onEveryDatabase((tests) => {
    beforeEach(async () => {
      place = await Workplace.open(tests);
    });
    // Before the database, which the outer hook closes.
    afterEach(() => place.close());
    define(tests);
  });
}

/** The file of a task's result. */
export const outputOf = (id: string, token = 'a'.repeat(43)) => ({
  token,
  accountId: 'someone',
  taskId: id,
  key: `outputs/${id}`,
  name: 'a.wav',
  mediaType: 'audio/wav',
  size: 3,
});
