import type { Task, TaskStatus } from '@retone/jobs';
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * What Prometheus is told of one process; what is of all processes together (`retone_tasks`) every process tells the
 * same. Labels come from the code and never from requests, so that there are few.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'method' | 'route' | 'status'>;
  readonly #ended: Counter<'model' | 'status'>;
  readonly #lost: Counter<'model'>;
  readonly #waiting: Histogram<'model'>;
  readonly #inference: Histogram<'model'>;
  readonly #deliveries: Counter<'outcome'>;
  readonly #workers: Gauge;
  readonly #models: Gauge;
  readonly #streams: Gauge;

  /** @param countOpen how many tasks have each status that is no end */
  constructor(countOpen: () => Promise<Partial<Record<TaskStatus, number>>>) {
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
      labelNames: ['model'],
      registers,
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
    let asked: Promise<Partial<Record<TaskStatus, number>> | undefined> | undefined;
    const countOnce = () => {
      asked ??= countOpen()
        .catch(() => undefined)
        .finally(() => {
          asked = undefined;
        });
      return asked;
    };
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
        for (const status of ['created', 'processing'] as const) this.set({ status }, counts[status] ?? 0);
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

  taskEnded({ model, status, createdAt, startedAt, inferenceMs }: Task): void {
    this.#ended.inc({ model, status });
    if (startedAt) this.#waiting.observe({ model }, (startedAt.getTime() - createdAt.getTime()) / 1000);
    if (status === 'completed') this.#inference.observe({ model }, inferenceMs / 1000);
  }

  tryFailed({ model }: Task): void {
    this.#lost.inc({ model });
  }

  webhookSent(received: boolean): void {
    this.#deliveries.inc({ outcome: received ? 'received' : 'failed' });
  }

  modelsLoaded(count: number): void {
    this.#models.set(count);
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
