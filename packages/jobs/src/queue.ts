import { randomUUID } from 'node:crypto';
import type { Database, Queryable } from '@retone/database';
import { type Db, type Job, PgBoss, type QueueOptions, type WorkOptions } from 'pg-boss';
import { Tasks } from './tasks.ts';

/** The queues: tasks, webhook deliveries, and daily maintenance. */
const queues = { tasks: 'tasks', webhooks: 'webhooks', cleaning: 'cleaning' } as const;

export interface QueueSettings {
  /** Seconds without a sign of life after which a worker's task is taken up by another; at least 10. */
  heartbeatSeconds: number;
  /** Tasks of one account that may run at once, on all machines together. */
  tasksAtOnce: number;
  /** Polling interval in seconds, for work without a notification: attempts handed back, notifications lost. */
  pollSeconds: number;
  /** Seconds between looks for workers that gave no sign of life. */
  superviseSeconds: number;
  /** Seconds before a webhook is tried again; doubled at each try. */
  webhookRetrySeconds: number;
  /** How much later than others a process that would have to load a model is notified of a task, in seconds. */
  coldDelaySeconds: number;
}

const queueDefaults: QueueSettings = {
  heartbeatSeconds: 15,
  tasksAtOnce: 2,
  pollSeconds: 1,
  superviseSeconds: 5,
  webhookRetrySeconds: 10,
  coldDelaySeconds: 0.2,
};

/** How often a webhook is tried; with the default delay the last time is 11 hours after the first. */
const webhookAttempts = 13;
/** How often a task is given to another worker. More often than ever happens: the tasks count their tries themselves. */
const taskHandOvers = 10_000;
/** How often a webhook is, because its worker died. Its attempts are jobs of their own. */
const webhookHandOvers = 100;
/** Seconds that handing back what is in hand may take when the process stops. */
const handBackSeconds = 5;
/** Seconds after which a job that a worker has is given to another, if it shows no sign of life. Webhooks take less. */
const longestTask = 6 * 3600;
/** Seconds by which a try may be put off at most, with room. */
const longestDelay = 600;
/** Milliseconds between looks for tasks that are in no queue. */
const betweenReconciliations = 5 * 60_000;
/** Seconds that jobs are kept after their end. */
const jobRetention = 24 * 3600;
/** Seconds after a start at which what has expired is deleted; of several starts in that time, once. */
const startPause = 60;
/** Webhooks that one worker delivers in parallel; a slow receiver occupies one of these slots. */
const webhooksAtOnce = 16;
/** Of these, webhooks of one account. */
const webhooksOfAccount = 3;

/** Any number, as long as nothing else in the database takes the same advisory lock. */
const takingLock = 0x7461736b73;

/** The highest limit that a single account may have on tasks at once. */
const mostTasksAtOnce = 100;
const ownLimits = Object.fromEntries(Array.from({ length: mostTasksAtOnce }, (_, i) => [String(i + 1), i + 1]));

/** One task in the hands of a worker. */
export interface QueuedTask {
  taskId: string;
  /** Aborted when the queue gives the task to another worker. */
  signal: AbortSignal;
  /** Aborted when this process stops, and its time to end what is in hand is over. */
  stopping: AbortSignal;
  /** Queues the task for another try in the transaction that says so, at its old place, to be taken after some seconds. */
  again(tx: Queryable, seconds: number): Promise<void>;
}

/** The job of a task in the queue. */
interface TaskJob {
  taskId: string;
  accountId: string;
  turn: number;
  atOnce: number | null;
}

/** The telling of a task's end, for the n-th time. */
export interface WebhookEvent {
  taskId: string;
  accountId: string;
  /** The same over the attempts. */
  eventId: string;
  /** From 1. */
  attempt: number;
}

/** This process's readiness for tasks; nothing if it takes none. */
interface Readiness {
  isWarm?: ((model: string) => boolean) | undefined;
}

/**
 * The task queue, in order and once, on pg-boss. Accounts take turns (see `Tasks.nextTurn`), and an account's tasks above
 * its limit wait for each other.
 */
export class Queue {
  readonly #boss: PgBoss;
  readonly #settings: QueueSettings;
  readonly #readiness: Readiness;
  readonly #stopping = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];

  private constructor(boss: PgBoss, settings: QueueSettings, readiness: Readiness) {
    this.#boss = boss;
    this.#settings = settings;
    this.#readiness = readiness;
  }

  /** @param onError receives errors of the background work: lost connections, failed maintenance */
  static async open(
    database: Database,
    onError: (error: Error) => void,
    settings: Partial<QueueSettings> = {},
  ): Promise<Queue> {
    const complete = { ...queueDefaults, ...settings };
    const readiness: Readiness = {};
    const isCold = async () => {
      const { isWarm } = readiness;
      const next = isWarm && (await new Tasks(database).nextModel());
      return next !== undefined && !isWarm!(next);
    };
    const boss = new PgBoss({
      db: bossDatabase(database, isCold, complete.coldDelaySeconds * 1000),
      backend: database.kind,
      useListenNotify: true,
      monitorIntervalSeconds: complete.superviseSeconds,
      superviseIntervalSeconds: complete.superviseSeconds,
      openTelemetry: { enabled: false },
    });
    boss.on('error', onError);
    await boss.start();
    const { heartbeatSeconds } = complete;
    const common = { heartbeatSeconds, deleteAfterSeconds: jobRetention, notify: true };
    await createQueue(boss, queues.tasks, { ...common, retryLimit: taskHandOvers, expireInSeconds: longestTask });
    await createQueue(boss, queues.webhooks, { ...common, retryLimit: webhookHandOvers });
    // One at a time on all machines; with a million tasks to delete it takes long.
    await boss.createQueue(queues.cleaning, {
      policy: 'singleton',
      heartbeatSeconds,
      expireInSeconds: longestTask,
      retryLimit: 3,
    });
    // Nobody else has PGlite open, so the process that had these jobs is dead: no need to wait for a missed heartbeat.
    if (database.kind === 'pglite') await takeBack(boss, database, Object.values(queues));
    return new Queue(boss, complete, readiness);
  }

  /**
   * Queues a task in the transaction that creates it.
   *
   * @param turn its place among all tasks: lower ones come first
   * @param atOnce how many of the account's tasks may run at once, if not as many as of any account
   */
  async addTask(
    tx: Queryable,
    task: { id: string; accountId: string },
    turn: number,
    atOnce?: number | null,
  ): Promise<void> {
    await this.#sendTask(tx, { taskId: task.id, accountId: task.accountId, turn, atOnce: atOnce ?? null });
  }

  /**
   * Takes tasks, `atOnce` at a time. A task whose handler throws, or whose worker dies, is handed over again.
   *
   * @param isWarm whether tasks of a model could begin at once here; if not, other workers are notified a moment earlier
   */
  async workOnTasks(
    atOnce: number,
    handle: (task: QueuedTask) => Promise<void>,
    isWarm?: (model: string) => boolean,
  ): Promise<void> {
    this.#readiness.isWarm = isWarm;
    const groupConcurrency = { default: this.#settings.tasksAtOnce, tiers: ownLimits };
    await this.#work<TaskJob>(queues.tasks, atOnce, { groupConcurrency }, ({ data, signal }) =>
      handle({
        taskId: data.taskId,
        signal,
        stopping: this.#stopping.signal,
        again: (tx, seconds) => this.#sendTask(tx, data, seconds),
      }),
    );
  }

  /** Queues the telling of an ended task in the transaction that ends it. */
  async addWebhook(tx: Queryable, taskId: string, accountId: string): Promise<void> {
    const event: WebhookEvent = { taskId, accountId, eventId: randomUUID(), attempt: 1 };
    await this.#boss.send(queues.webhooks, event, { group: { id: accountId }, db: bossTransaction(tx) });
  }

  /** Queues another attempt, each after twice the time of the one before. Answers when; undefined after the last. */
  async retryWebhook(tx: Queryable, event: WebhookEvent): Promise<Date | undefined> {
    const { attempt } = event;
    if (attempt === webhookAttempts) return undefined;
    const startAfter = new Date(Date.now() + this.#settings.webhookRetrySeconds * 1000 * 2 ** (attempt - 1));
    const group = { id: event.accountId };
    await this.#boss.send(
      queues.webhooks,
      { ...event, attempt: attempt + 1 },
      { startAfter, group, db: bossTransaction(tx) },
    );
    return startAfter;
  }

  /** Delivers webhooks. A handler that throws, or whose process ends, is called again. */
  async workOnWebhooks(handle: (event: WebhookEvent) => Promise<void>): Promise<void> {
    // Slow receivers of one account keep no other account's webhooks waiting.
    const options = { groupConcurrency: webhooksOfAccount };
    await this.#work<WebhookEvent>(queues.webhooks, webhooksAtOnce, options, ({ data }) => handle(data));
  }

  /** Calls the handler once a day, on one machine: at night, and soon after a start, since some are off at night. */
  async daily(handle: () => Promise<void>): Promise<void> {
    await this.#boss.schedule(queues.cleaning, '17 3 * * *');
    await this.#boss.send(queues.cleaning, {}, { singletonSeconds: startPause, startAfter: startPause });
    await this.#boss.work(queues.cleaning, { pollingIntervalSeconds: 10 }, handle);
  }

  /**
   * Queues tasks again that no longer are: after a restore of the database, or when pg-boss has given a job up. What is to be
   * taken far in the future, because a clock was set back, is to be taken now. Answers how many of both.
   */
  async reconcile(database: Database): Promise<number> {
    return database.transaction(async (tx) => {
      const lost = await tx.query<TaskJob & { id: string }>(
        `SELECT tasks.id, account_id AS "accountId", turn, concurrent_tasks AS "atOnce"
         FROM tasks LEFT JOIN accounts ON accounts.id = account_id
         WHERE tasks.status IN ('created', 'processing') AND tasks.created_at < now() - interval '1 minute'
           AND tasks.id NOT IN (
             SELECT data->>'taskId' FROM pgboss.job
             WHERE name = $1 AND state IN ('created', 'retry', 'active') AND data->>'taskId' IS NOT NULL
           )
         FOR UPDATE OF tasks SKIP LOCKED`,
        [queues.tasks],
      );
      for (const { id, accountId, turn, atOnce } of lost) {
        await this.#sendTask(tx, { taskId: id, accountId, turn, atOnce });
      }
      const late = await tx.query(
        `UPDATE pgboss.job SET start_after = now() WHERE name = $1 AND state IN ('created', 'retry')
           AND start_after > now() + interval '${longestDelay} seconds' RETURNING id`,
        [queues.tasks],
      );
      return lost.length + late.length;
    });
  }

  /** Calls the handler at the start and every few minutes, in each worker. */
  async regularly(handle: () => Promise<void>): Promise<void> {
    await handle();
    const timer = setInterval(() => handle().catch(() => {}), betweenReconciliations).unref();
    this.#timers.push(timer);
  }

  /** Stops taking work; what is in hand has `seconds` to end, and is then handed back. */
  async close(seconds: number): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const grace = setTimeout(() => this.#stopping.abort(), seconds * 1000);
    await this.#boss.stop({ graceful: true, timeout: (seconds + handBackSeconds) * 1000, close: false });
    clearTimeout(grace);
  }

  async #sendTask(tx: Queryable, job: TaskJob, startAfter = 0): Promise<void> {
    const { accountId, atOnce, turn } = job;
    const tier = atOnce ? { tier: String(Math.min(atOnce, mostTasksAtOnce)) } : {};
    const group = { id: accountId, ...tier };
    await this.#boss.send(queues.tasks, job, { priority: -turn, group, startAfter, db: bossTransaction(tx) });
  }

  /** Has jobs of a queue handled, `atOnce` at a time, each as soon as there is one and a hand free for it. */
  async #work<Data extends object>(
    queue: string,
    atOnce: number,
    options: WorkOptions,
    handle: (job: Job<Data>) => Promise<void>,
  ): Promise<void> {
    const { pollSeconds } = this.#settings;
    const polling = { pollingIntervalSeconds: pollSeconds, notifyPollingIntervalSeconds: pollSeconds };
    for (let i = 0; i < atOnce; i++) {
      const worker: string = await this.#boss.work<Data>(queue, { ...options, ...polling }, async ([job]) => {
        try {
          await handle(job!);
        } finally {
          // pg-boss would now wait for the next notification or poll, however many jobs there are.
          this.#boss.notifyWorker(worker);
        }
      });
    }
  }
}

/** Makes a queue, or brings one that an earlier version made up to date. */
async function createQueue(boss: PgBoss, name: string, options: QueueOptions): Promise<void> {
  await boss.createQueue(name, options);
  await boss.updateQueue(name, options);
}

/** Has what is in hand handed over again. */
async function takeBack(boss: PgBoss, database: Database, names: readonly string[]): Promise<void> {
  const sql = "SELECT name, id FROM pgboss.job WHERE state = 'active' AND name = ANY($1)";
  for (const { name, id } of await database.query<{ name: string; id: string }>(sql, [names]))
    await boss.fail(name, id);
}

/**
 * pg-boss's view of a database.
 *
 * @param isCold whether this process would have to load a model for the task that is next
 * @param coldDelay delay of the notification in that case, in milliseconds
 */
function bossDatabase(database: Database, isCold: () => Promise<boolean>, coldDelay: number): Db {
  return {
    async executeSql(text, values) {
      // The statement that takes a task counts its account's running ones, but not those that others take meanwhile. So they
      // take tasks one after the other. PGlite does everything so.
      if (database.kind === 'pglite' || !text.includes('active_group_count'))
        return onQueryable(database)(text, values);
      return database.transaction(async (tx) => {
        await tx.query('SELECT pg_advisory_xact_lock($1)', [takingLock]);
        return onQueryable(tx)(text, values);
      });
    },
    async listen(channel, onNotification) {
      const receive = async (queue: string) => {
        // Workers that have the model loaded are then faster; if none has, the delay is small beside the loading.
        if (queue === queues.tasks && (await isCold().catch(() => false)))
          setTimeout(onNotification, coldDelay, queue).unref();
        else onNotification(queue);
      };
      return { close: await database.listen(channel, (queue) => void receive(queue)) };
    },
  };
}

/** pg-boss's view of a transaction. */
function bossTransaction(tx: Queryable): Db {
  return { executeSql: onQueryable(tx) };
}

function onQueryable(queryable: Queryable): Db['executeSql'] {
  return async (text, values) => ({ rows: await queryable.query(text, values) });
}
