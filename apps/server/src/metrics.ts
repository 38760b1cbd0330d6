import type { Connections } from '@retone/database';
import type { Deleted, OpenWork, Task } from '@retone/jobs';
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import manifest from '../package.json' with { type: 'json' };

/**
 * The metrics of one process; those of all processes together (`retone_tasks`) are reported by every process with the
 * same. Labels come from the code and never from requests, so that there are few.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'method' | 'route' | 'status'>;
  readonly #ended: Counter<'model' | 'status'>;
  readonly #lost: Counter<'model' | 'reason'>;
  readonly #failures: Counter<'model' | 'reason'>;
  readonly #steps: Histogram<'model'>;
  readonly #running: Gauge;
  readonly #storageErrors: Counter<'operation'>;
  readonly #storageBytes: Counter<'direction'>;
  readonly #changes: Counter<'change'>;
  readonly #waiting: Histogram<'model'>;
  readonly #inference: Histogram<'model'>;
  readonly #deliveries: Counter<'outcome'>;
  readonly #cleaned: Counter<'kind'>;
  readonly #workers: Gauge;
  readonly #models: Gauge;
  readonly #streams: Gauge;

  /**
   * @param askOpenWork what there is to do, of all processes
   * @param connections of this process to the database
   */
  constructor(askOpenWork: () => Promise<OpenWork>, connections: () => Connections) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: 'retone_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer; its count is that of requests.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300],
      registers,
    });
    this.#ended = new Counter({
      name: 'retone_tasks_ended_total',
      help: 'Tasks that this process ended, by what became of them.',
      labelNames: ['model', 'status'],
      registers,
    });
    this.#lost = new Counter({
      name: 'retone_task_tries_failed_total',
      help: 'Tries of tasks that failed, and after which the task is tried again.',
      labelNames: ['model', 'reason'],
      registers,
    });
    this.#failures = new Counter({
      name: 'retone_task_failures_total',
      help: 'Tasks that this process ended as failed, by the error code that clients get.',
      labelNames: ['model', 'reason'],
      registers,
    });
    this.#steps = new Histogram({
      name: 'retone_task_step_seconds',
      help: 'Time of the engine for each inference step of a completed task, what it does beside them included.',
      labelNames: ['model'],
      buckets: [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
      registers,
    });
    this.#running = new Gauge({ name: 'retone_worker_running', help: 'Tasks that this process does now.', registers });
    this.#storageErrors = new Counter({
      name: 'retone_storage_errors_total',
      help: 'Steps of the file store that failed because it was away, by the step.',
      labelNames: ['operation'],
      registers,
    });
    this.#storageBytes = new Counter({
      name: 'retone_storage_bytes_total',
      help: 'Bytes that this process stored (in) and read (out).',
      labelNames: ['direction'],
      registers,
    });
    this.#changes = new Counter({
      name: 'retone_model_changes_total',
      help: 'Models that this worker loaded, evicted for want of memory, or dropped because their files were replaced.',
      labelNames: ['change'],
      registers,
    });
    new Gauge({
      name: 'retone_build_info',
      help: 'Always 1; the labels say what runs.',
      labelNames: ['version', 'node'],
      registers,
    }).set({ version: manifest.version, node: process.version }, 1);
    new Gauge({
      name: 'retone_database_connections',
      help: 'Connections of this process to the database (total), those that are free (idle), and who waits for one (waiting).',
      labelNames: ['state'],
      registers,
      collect() {
        for (const [state, count] of Object.entries(connections())) this.set({ state }, count);
      },
    });
    this.#waiting = new Histogram({
      name: 'retone_task_waiting_seconds',
      help: 'Time from submission to the first try of a task.',
      labelNames: ['model'],
      buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200],
      registers,
    });
    this.#inference = new Histogram({
      name: 'retone_task_inference_seconds',
      help: 'Time that the engine took for a completed task.',
      labelNames: ['model'],
      buckets: [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900],
      registers,
    });
    this.#deliveries = new Counter({
      name: 'retone_webhook_deliveries_total',
      help: 'Webhooks sent, by whether they were received; a failed one is sent again.',
      labelNames: ['outcome'],
      registers,
    });
    this.#cleaned = new Counter({
      name: 'retone_expired_deleted_total',
      help: 'Expired tasks and uploads that this process deleted, and files that belonged to none.',
      labelNames: ['kind'],
      registers,
    });
    this.#models = new Gauge({ name: 'retone_models_loaded', help: 'Models that this worker has loaded.', registers });
    this.#workers = new Gauge({
      name: 'retone_worker_slots',
      help: 'Tasks that this process does at once; 0 where it does none.',
      registers,
    });
    this.#streams = new Gauge({
      name: 'retone_event_streams',
      help: 'Clients that watch the events of a task.',
      registers,
    });
    // One question for all that one scrape asks of the database.
    let asked: Promise<OpenWork | undefined> | undefined;
    const countOnce = () => {
      asked ??= askOpenWork()
        .catch(() => undefined)
        .finally(() => {
          asked = undefined;
        });
      return asked;
    };
    new Gauge({
      name: 'retone_task_oldest_waiting_seconds',
      help: 'Age of the oldest task that waits, on all machines together.',
      registers,
      async collect() {
        const work = await countOnce();
        if (work) this.set(work.oldestSeconds);
        else this.reset();
      },
    });
    new Gauge({
      name: 'retone_webhooks_waiting',
      help: 'Webhooks that are still to be received, on all machines together.',
      registers,
      async collect() {
        const work = await countOnce();
        if (work) this.set(work.webhooks);
        else this.reset();
      },
    });
    new Gauge({
      name: 'retone_database_up',
      help: 'Whether the database answers: 1 or 0.',
      registers,
      async collect() {
        this.set((await countOnce()) ? 1 : 0);
      },
    });
    new Gauge({
      name: 'retone_tasks',
      help: 'Tasks that wait (created) and that run (processing), on all machines together.',
      labelNames: ['status'],
      registers,
      async collect() {
        const counts = await countOnce();
        // While the database is away, what it last said is no longer true.
        if (!counts) return this.reset();
        for (const status of ['created', 'processing'] as const) this.set({ status }, counts[status]);
      },
    });
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Counts the requests of an app. */
  countRequests(app: FastifyInstance): void {
    app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
      const labels = { method, route: routeOptions.url ?? 'none', status: String(reply.statusCode) };
      this.#requests.observe(labels, reply.elapsedTime / 1000);
    });
  }

  taskEnded({ model, status, createdAt, startedAt, inferenceMs, errorCode, input }: Task): void {
    if (status === 'failed') this.#failures.inc({ model, reason: errorCode });
    const steps = input.num_inference_steps ?? 0;
    if (status === 'completed' && steps > 0) this.#steps.observe({ model }, inferenceMs / 1000 / steps);
    this.#ended.inc({ model, status });
    if (startedAt) this.#waiting.observe({ model }, (startedAt.getTime() - createdAt.getTime()) / 1000);
    if (status === 'completed') this.#inference.observe({ model }, inferenceMs / 1000);
  }

  tryStarted(): void {
    this.#running.inc();
  }

  tryEnded(): void {
    this.#running.dec();
  }

  tryFailed({ model }: Task, reason: string): void {
    this.#lost.inc({ model, reason });
  }

  storageFailed(operation: string): void {
    this.#storageErrors.inc({ operation });
  }

  storageBytes(direction: 'in' | 'out', count: number): void {
    this.#storageBytes.inc({ direction }, count);
  }

  webhookSent(received: boolean): void {
    this.#deliveries.inc({ outcome: received ? 'received' : 'failed' });
  }

  cleaned(deleted: Deleted): void {
    for (const [kind, count] of Object.entries(deleted)) this.#cleaned.inc({ kind }, count);
  }

  modelsChanged(change: string, loaded: number): void {
    this.#changes.inc({ change });
    this.#models.set(loaded);
  }

  workerStarted(slots: number): void {
    this.#workers.set(slots);
  }

  streamOpened(): void {
    this.#streams.inc();
  }

  streamClosed(): void {
    this.#streams.dec();
  }
}
