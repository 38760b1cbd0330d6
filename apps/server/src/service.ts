import { hostname } from 'node:os';
import { join } from 'node:path';
import { Accounts, ApiKeys, accountChannel, billingMigrations, Ledger, RequestCounter, Usage } from '@retone/billing';
import { type Database, migrate, openDatabase } from '@retone/database';
import {
  deleteExpired,
  deliverWebhooks,
  type Engine,
  Files,
  jobsMigrations,
  Lifecycle,
  openWork,
  Queue,
  type QueueSettings,
  StoredAdapters,
  type Task,
  Tasks,
  taskChannel,
  Worker,
  type WorkerOptions,
} from '@retone/jobs';
import { type FileStore, newToken } from '@retone/storage';
import { EngineHost } from './engine-host.ts';
import { KnownKeys } from './known-keys.ts';
import { throttled } from './logging.ts';
import { MeasuredStore } from './measured-store.ts';
import { Metrics } from './metrics.ts';
import { openStore } from './open-store.ts';
import { taskResult } from './results.ts';
import type { ServiceLog } from './service-log.ts';
import { maxFileBytes, type Settings } from './settings.ts';
import { TaskWatcher } from './task-watcher.ts';

/** Any number, as long as nothing else in the database takes the same advisory lock. */
const startLock = 0x7374617274;

/** Milliseconds in which the queue's trouble is logged once: while the database is away it has the same all the time. */
const complaintPause = 10_000;

/** Milliseconds that the database has to show that the service can serve. */
const readinessLimit = 2_000;

/** Milliseconds without an answer of the database after which a process counts as stuck. */
const livenessLimit = 5 * 60_000;

/** Longest fetch of a recording in milliseconds. */
const fetchTimeout = 120_000;

/** Which process did something, in the log of many. */
const workerName = `${hostname()}:${process.pid}`;

export interface ServiceHooks {
  log: ServiceLog;
  queue?: Partial<QueueSettings>;
  /** Does the work instead of engine processes with the models of the settings. */
  engine?: Engine;
}

type TryEvent = Parameters<NonNullable<WorkerOptions['onTry']>>[0];

/** Everything behind the HTTP face: database, files, queue, money, and the tasks that tie them together. */
export class Service {
  readonly settings: Settings;
  readonly database: Database;
  readonly store: FileStore;
  readonly queue: Queue;
  readonly lifecycle: Lifecycle;
  readonly accounts: Accounts;
  readonly keys: ApiKeys;
  readonly knownKeys: KnownKeys;
  readonly requests: RequestCounter;
  readonly ledger: Ledger;
  readonly usage: Usage;
  readonly tasks: Tasks;
  readonly files: Files;
  readonly adapters: StoredAdapters;
  readonly metrics: Metrics;
  /** A browser that has it gets the page's key: it is in the URL that is printed at the start. */
  readonly pageToken = newToken();
  readonly watcher: TaskWatcher;
  readonly models: EngineHost;
  readonly #hooks: ServiceHooks;
  readonly #closing: (() => Promise<unknown>)[] = [];
  #url: string | undefined;
  #draining = false;
  readonly #drained = new AbortController();
  /** When the database last answered, on the clock of `performance.now`. */
  #databaseSeenAt = performance.now();

  private constructor(parts: {
    settings: Settings;
    database: Database;
    store: FileStore;
    queue: Queue;
    hooks: ServiceHooks;
  }) {
    const { settings, database, store, queue, hooks } = parts;
    this.settings = settings;
    this.database = database;
    this.store = new MeasuredStore(store, () => this.metrics);
    this.queue = queue;
    this.#hooks = hooks;
    this.accounts = new Accounts(database);
    this.keys = new ApiKeys(database);
    this.knownKeys = new KnownKeys(this.keys);
    this.requests = new RequestCounter(database);
    this.ledger = new Ledger(database);
    this.usage = new Usage(database);
    this.tasks = new Tasks(database);
    this.files = new Files(database);
    this.adapters = new StoredAdapters(database);
    this.watcher = new TaskWatcher(this.tasks);
    this.metrics = new Metrics(
      () => openWork(database),
      () => database.connections(),
    );
    this.models = new EngineHost({ settings, database, store: this.store, metrics: this.metrics, log: hooks.log });
    this.lifecycle = new Lifecycle({
      database,
      store: this.store,
      queue,
      billing: settings.RETONE_BILLING ?? 'on',
      queueLimit: settings.RETONE_QUEUE_LIMIT,
      accountQueueLimit: settings.RETONE_ACCOUNT_QUEUE_LIMIT,
      onEnd: (task) => {
        this.metrics.taskEnded(task);
        const { id, model, status, accountId, inferenceMs } = task;
        hooks.log.info({ task: id, model, status, account: accountId, inferenceMs }, 'task ended');
      },
    });
  }

  /** Opens database, files and queue, and brings the tables up to date. */
  static async open(settings: Settings, hooks: ServiceHooks): Promise<Service> {
    const database = await openDatabase({
      url: settings.DATABASE_URL,
      folder: join(settings.RETONE_DATA, 'database'),
      limits: {
        timeoutMs: settings.RETONE_DATABASE_TIMEOUT_SECONDS * 1000,
        connections: settings.RETONE_DATABASE_CONNECTIONS,
      },
    });
    const store = openStore(settings);
    const complain = throttled((err: Error) => hooks.log.error({ err }, 'queue'), complaintPause);
    // Several processes may start at once on an empty database; pg-boss too makes its tables in it.
    const queue = await database.exclusively(startLock, async () => {
      await migrate(database, [...billingMigrations, ...jobsMigrations]);
      return Queue.open(database, complain, { tasksAtOnce: settings.RETONE_TASKS_AT_ONCE, ...hooks.queue });
    });
    const service = new Service({ settings, database, store, queue, hooks });
    const unlisten = await database.listen(taskChannel, (id) => service.watcher.wake(id));
    service.#closing.push(unlisten);
    service.#closing.push(await database.listen(accountChannel, (id) => service.knownKeys.forget(id)));
    return service;
  }

  /** Does tasks in this process too, and what else a worker does: telling webhooks, deleting what has expired. */
  async startWorker(): Promise<void> {
    const { database, store, queue, lifecycle, settings } = this;
    const { engine } = this.#hooks;
    const allowHosts = settings.RETONE_ALLOW_HOSTS;
    const fetching = { allowHosts, maxBytes: maxFileBytes(settings), timeoutMs: fetchTimeout };
    const engineFor = engine ? async () => engine : await this.models.start(fetching);
    const worker = new Worker({
      database,
      store,
      queue,
      lifecycle,
      engineFor,
      isWarm: (model) => this.models.isWarm(model),
      fetching,
      codingTimeoutMs: settings.RETONE_CODING_SECONDS * 1000,
      atOnce: settings.RETONE_WORKERS,
      onTry: (event) => this.#logTry(event),
    });
    await worker.start();
    this.metrics.workerStarted(settings.RETONE_WORKERS);
    await deliverWebhooks({
      database,
      queue,
      guard: { allowHosts },
      onDelivery: ({ task, attempt, error }) => {
        this.metrics.webhookSent(error === '');
        // The error can contain the URL, and the URL a secret; the owner sees it in the task.
        this.#hooks.log[error ? 'warn' : 'info'](
          { task: task.id, attempt },
          `webhook ${error ? 'failed' : 'received'}`,
        );
      },
      load: async (id) => {
        const task = await this.tasks.get(id);
        if (!task) return undefined;
        const secret = await this.accounts.webhookSecret(task.accountId);
        return { task, secret, body: await this.result(task) };
      },
    });
    await queue.regularly(async () => {
      const count = await queue.reconcile(database);
      if (count > 0) this.#hooks.log.warn({ count }, 'tasks were in no queue, and are queued again');
    });
    await queue.daily(async () => {
      const days = settings.RETONE_RETENTION_DAYS;
      const before = days === undefined ? undefined : new Date(Date.now() - days * 24 * 3600 * 1000);
      const deleted = await deleteExpired({ database, store }, before);
      this.metrics.cleaned(deleted);
      this.#hooks.log.info(deleted, 'deleted what has expired');
    });
  }

  /**
   * Stops taking work, ends or hands back what is in hand, and closes everything.
   *
   * @param seconds for what is in hand
   */
  async close(seconds = this.settings.RETONE_STOP_SECONDS): Promise<void> {
    await this.queue.close(seconds);
    await this.models.close();
    for (const close of this.#closing) await close();
    await this.database.close();
  }

  /** How clients reach the service, once it listens. */
  listensAt(url: string): void {
    this.#url = url;
  }

  /** The URL of the page, with its token; for the operator's terminal only. */
  pageUrl(): string {
    return `${this.publicUrl()}/?token=${this.pageToken}`;
  }

  publicUrl(): string {
    return (this.settings.RETONE_PUBLIC_URL ?? this.#url ?? '').replace(/\/+$/, '');
  }

  /** Every URL under which files of this service may be named, apart from one that a proxy reports. */
  publicUrls(): string[] {
    return [this.publicUrl(), ...(this.#url ? [this.#url] : [])];
  }

  /**
   * A task as its owner sees it.
   *
   * @param inline whether the outputs themselves are in it instead of their URLs; default: as the task asks
   * @param publicUrl how the receiver reaches the service
   */
  async result(
    task: Task,
    { inline = task.base64Output, publicUrl = this.publicUrl() }: { inline?: boolean; publicUrl?: string } = {},
  ) {
    if (!inline || task.outputs.length === 0) return taskResult(task, publicUrl);
    const outputs: string[] = [];
    for (const file of await this.files.ofTasks([task.id])) {
      const bytes = await this.store.read(file.key);
      if (bytes) outputs.push(`data:${file.mediaType};base64,${Buffer.from(bytes).toString('base64')}`);
    }
    return taskResult(task, publicUrl, outputs);
  }

  /** The reason why the service cannot serve; undefined if it can. */
  async problem(): Promise<string | undefined> {
    if (this.#draining) return 'the service stops';
    const late = Promise.withResolvers<string>();
    const timer = setTimeout(() => late.resolve('the database does not answer'), readinessLimit);
    const asked = this.database.query('SELECT 1').then(
      () => {
        this.#databaseSeenAt = performance.now();
        return undefined;
      },
      () => 'the database does not answer',
    );
    const problem = await Promise.race([asked, late.promise]);
    clearTimeout(timer);
    return problem;
  }

  /** Aborted when the service is about to stop: event streams end, and their clients connect to another process. */
  get drained(): AbortSignal {
    return this.#drained.signal;
  }

  /** From now on the service is not ready, so that load balancers send no more requests. */
  drain(): void {
    this.#draining = true;
    this.#drained.abort();
  }

  /**
   * Why the process should be replaced, if it should: everything has limits and mends itself, so a database that did not
   * answer for long, while a new process might reach it, is the sign of something unforeseen.
   */
  async stuck(): Promise<string | undefined> {
    if (performance.now() - this.#databaseSeenAt < livenessLimit) return undefined;
    if ((await this.problem()) === undefined || this.#draining) return undefined;
    return `the database did not answer for ${Math.round((performance.now() - this.#databaseSeenAt) / 1000)} s`;
  }

  /** Logs unexpected errors completely; of others, which can contain URLs with secrets, only the code. */
  #logTry({ task, outcome, error, failure }: TryEvent): void {
    if (outcome === 'started') this.metrics.tryStarted();
    else this.metrics.tryEnded();
    if (outcome === 'retried') this.metrics.tryFailed(task, failure?.code ?? 'worker_lost');
    const fields = {
      task: task.id,
      model: task.model,
      account: task.accountId,
      try: task.attempts,
      worker: workerName,
    };
    const reason = failure ? { reason: failure.code } : {};
    const unforeseen = failure?.code === 'internal' || failure?.blame === 'infrastructure';
    if (unforeseen) this.#hooks.log.error({ ...fields, ...reason, err: error }, `task ${outcome}`);
    else this.#hooks.log.info({ ...fields, ...reason }, `task ${outcome}`);
  }
}
