import { hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import { Accounts, ApiKeys, accountChannel, billingMigrations, Ledger, RequestCounter, Usage } from '@retone/billing';
import { CheckpointError } from '@retone/checkpoint';
import { isEnded, type ModelId, modelIds, modelOf, type PublicModel, type TaskEvent } from '@retone/contract';
import { type Database, migrate, openDatabase } from '@retone/database';
import {
  AdapterFiles,
  adapterChannel,
  deleteExpired,
  deliverWebhooks,
  type Engine,
  EnginePool,
  Files,
  jobsMigrations,
  Lifecycle,
  openWork,
  Queue,
  type QueueSettings,
  Serving,
  StoredAdapters,
  type Task,
  Tasks,
  taskChannel,
  Worker,
  type WorkerOptions,
} from '@retone/jobs';
import {
  checkUrl,
  type FileStore,
  GuardError,
  type GuardOptions,
  newToken,
  openFileStore,
  type S3Options,
  StorageError,
  type StoredFile,
} from '@retone/storage';
import { ApiError } from './envelope.ts';
import { fileTooLarge } from './file-form.ts';
import { KnownKeys } from './known-keys.ts';
import { throttled } from './logging.ts';
import { MeasuredStore } from './measured-store.ts';
import { Metrics } from './metrics.ts';
import { taskResult } from './results.ts';
import { maxFileBytes, type Settings } from './settings.ts';

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

/** Most uploads and adapters of an account. */
const mostUploads = 10_000;

/** Where a service logs; a logger is one. */
export type ServiceLog = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;

export interface ServiceHooks {
  log: ServiceLog;
  queue?: Partial<QueueSettings>;
  /** Does the work instead of engine processes with the models of the settings. */
  engine?: Engine;
}

type TryEvent = Parameters<NonNullable<WorkerOptions['onTry']>>[0];

/** From how long the part took that is done; too little of it tells nothing. */
function secondsLeft({ status, progress, startedAt }: Task): number | null {
  if (status !== 'processing' || !startedAt || !progress || progress.fraction < 0.05) return null;
  const elapsed = (Date.now() - startedAt.getTime()) / 1000;
  return Math.ceil((elapsed * (1 - progress.fraction)) / progress.fraction);
}

/** The store of files that the settings name. */
export function openStore(settings: Settings): FileStore {
  const timeoutMs = settings.RETONE_STORAGE_TIMEOUT_SECONDS * 1000;
  const s3 = s3Options(settings);
  return openFileStore({ ...(s3 ? { s3 } : { folder: join(settings.RETONE_DATA, 'files') }), timeoutMs });
}

/** The bucket for files, where there is one. */
function s3Options(settings: Settings): S3Options | undefined {
  const { RETONE_S3_BUCKET: bucket, RETONE_S3_ENDPOINT: endpoint, RETONE_S3_REGION: region } = settings;
  const { RETONE_S3_ACCESS_KEY_ID: accessKeyId, RETONE_S3_SECRET_ACCESS_KEY: secretAccessKey } = settings;
  if (bucket === undefined) return undefined;
  const style = settings.RETONE_S3_PATH_STYLE;
  const credentials = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
  return {
    bucket,
    endpoint,
    region,
    credentials,
    forcePathStyle: style === 'auto' ? endpoint !== undefined : style === 'on',
  };
}

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
  readonly #serving: Serving;
  readonly #hooks: ServiceHooks;
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #closing: (() => Promise<unknown>)[] = [];
  #url: string | undefined;
  #draining = false;
  readonly #drained = new AbortController();
  /** When the database last answered, on the clock of `performance.now`. */
  #databaseSeenAt = performance.now();
  #engines: EnginePool | undefined;

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
    this.#serving = new Serving({
      model: settings.RETONE_MODEL,
      path: settings.RETONE_SERVING,
      onError: (err) => hooks.log.error({ err }, 'serving continues with the previous settings'),
    });
    this.metrics = new Metrics(
      () => openWork(database),
      () => database.connections(),
    );
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
    const unlisten = await database.listen(taskChannel, (id) => service.#wake(id));
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
    const engineFor = engine ? async () => engine : await this.#startEngines(fetching);
    const worker = new Worker({
      database,
      store,
      queue,
      lifecycle,
      engineFor,
      isWarm: (model) => this.#isWarm(model),
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
    await this.#engines?.close();
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

  /** The public models, with the limits of what serves them. */
  get models(): PublicModel[] {
    return modelIds.map((id) => this.model(id));
  }

  /** The folder of the checkpoint that serves a public model here. @throws CheckpointError when it is not installed */
  servedFrom(id: string): string {
    return this.#serving.of(id).folder;
  }

  /** A public model with the limits of what serves it, as far as that is installed on this machine. */
  model(id: ModelId): PublicModel {
    try {
      return modelOf(id, this.#serving.of(id).limits);
    } catch (error) {
      // An API alone may have no models; the workers have.
      if (error instanceof CheckpointError) return modelOf(id);
      throw error;
    }
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

  /** The task when it has ended, or as it is when the time for that is over. */
  async ended(id: string, signal: AbortSignal): Promise<Task> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.settings.RETONE_SYNC_SECONDS * 1000)]);
    for await (const event of this.watch(id, limit, 1000)) if (isEnded(event.status)) break;
    const task = await this.tasks.get(id);
    if (!task) throw new ApiError('unknown_task', 'the task was deleted');
    return task;
  }

  /**
   * A task's news, until it has ended or the signal is aborted: at once, at every change, and every `interval`
   * milliseconds, since notifications can be lost.
   */
  async *watch(id: string, signal: AbortSignal, interval: number): AsyncGenerator<TaskEvent> {
    let wake = () => {};
    const notify = () => wake();
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(notify));
    signal.addEventListener('abort', notify);
    try {
      while (!signal.aborted) {
        const changed = new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, interval);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        const task = await this.tasks.get(id);
        if (!task) return;
        const { status, progress, error, errorCode: error_code } = task;
        const ahead = status === 'created' ? await this.tasks.countAhead(id) : null;
        yield { status, progress, error, error_code, tasks_ahead: ahead, seconds_left: secondsLeft(task) };
        if (isEnded(task.status)) return;
        await changed;
      }
    } finally {
      wake();
      signal.removeEventListener('abort', notify);
      watchers.delete(notify);
      if (watchers.size === 0) this.#watchers.delete(id);
    }
  }

  /** @throws ApiError when a webhook may not be sent to a URL */
  async checkWebhook(url: string): Promise<void> {
    try {
      await checkUrl(url, { allowHosts: this.settings.RETONE_ALLOW_HOSTS });
    } catch (error) {
      if (error instanceof GuardError) throw new ApiError('bad_webhook', `webhook: ${error.message}`);
      throw error;
    }
  }

  /** @throws ApiError when an account has uploaded so much that another file does not fit in its quota */
  async checkQuota(accountId: string, bytes: number): Promise<void> {
    const { RETONE_QUOTA_GB: gigabytes } = this.settings;
    const used = await this.files.uploadedBytes(accountId);
    if (used.files < mostUploads && used.bytes + bytes <= gigabytes * 1e9) return;
    const message =
      `the account's uploads and adapters must be at most ${gigabytes} GB and ${mostUploads} files; ` +
      'uploads expire, adapters can be deleted';
    throw new ApiError('quota_exceeded', message);
  }

  /** Stores an upload's bytes under its own key. */
  async keepUpload(content: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    try {
      return await this.store.put(`uploads/${newToken()}`, content, { maxBytes: maxFileBytes(this.settings) });
    } catch (error) {
      if (error instanceof StorageError && error.code === 'too-large') throw fileTooLarge(this.settings);
      throw error;
    }
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

  /** Loads what serves the first of the public models, and sees that the others could be. */
  async #startEngines(fetching: GuardOptions): Promise<WorkerOptions['engineFor']> {
    const { database, store, settings } = this;
    const memory = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
    const pool = new EnginePool({
      stallMs: settings.RETONE_STALL_SECONDS * 1000,
      // With more workers, files of other tasks are decoded and encoded beside the engine.
      spinning: settings.RETONE_WORKERS === 1,
      budget: settings.RETONE_MEMORY_GB ? settings.RETONE_MEMORY_GB * 1e9 : 0.7 * memory,
      onChange: ({ change, model, loaded }) => {
        this.metrics.modelsChanged(change, loaded.length);
        this.#hooks.log.info({ model, loaded }, `model ${change}`);
      },
    });
    this.#engines = pool;
    const files = new AdapterFiles({ database, store, fetching, folder: join(settings.RETONE_DATA, 'adapters') });
    await files.sweep();
    await database.listen(adapterChannel, (hash) => {
      files.forget(hash).catch((err: Error) => this.#hooks.log.error({ err }, 'adapter not deleted'));
    });
    const [first] = modelIds.map((id) => this.#serving.of(id));
    await pool.of({ folder: first!.folder, adapters: [] }).load();
    return async (task, signal) => {
      const { folder, sampler } = this.#serving.of(task.model);
      return pool.of({ folder, sampler, adapters: await files.of(task.accountId, task.input.loras, signal) });
    };
  }

  #isWarm(model: string): boolean {
    if (!this.#engines) return true;
    try {
      return this.#engines.has({ folder: this.#serving.of(model).folder, adapters: [] });
    } catch {
      // Not installed here: another worker is the better one.
      return false;
    }
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

  #wake(id: string): void {
    for (const wake of this.#watchers.get(id) ?? []) wake();
  }
}
