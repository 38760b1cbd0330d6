import type { Connections } from '@retone/database';
import type { Deleted, OpenWork, Task } from '@retone/jobs';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';
import {
  addOpenWorkGauges,
  addProcessGauges,
  serviceMetrics,
  taskMetrics,
  workerMetrics,
} from './metric-definitions.ts';

/**
 * The metrics of one process; those of all processes together (`retone_tasks`) are reported by every process with the
 * same.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #service = serviceMetrics(this.#registry);
  readonly #tasks = taskMetrics(this.#registry);
  readonly #worker = workerMetrics(this.#registry);

  /**
   * @param askOpenWork what there is to do, of all processes
   * @param connections of this process to the database
   */
  constructor(askOpenWork: () => Promise<OpenWork>, connections: () => Connections) {
    collectDefaultMetrics({ register: this.#registry });
    addProcessGauges(this.#registry, connections);
    addOpenWorkGauges(this.#registry, askOpenWork);
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Counts the requests of an app. */
  countRequests(app: FastifyInstance): void {
    app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
      const labels = { method, route: routeOptions.url ?? 'none', status: String(reply.statusCode) };
      this.#service.requests.observe(labels, reply.elapsedTime / 1000);
    });
  }

  taskEnded({ model, status, createdAt, startedAt, inferenceMs, errorCode, input }: Task): void {
    if (status === 'failed') this.#tasks.failures.inc({ model, reason: errorCode });
    const steps = input.num_inference_steps ?? 0;
    if (status === 'completed' && steps > 0) this.#tasks.steps.observe({ model }, inferenceMs / 1000 / steps);
    this.#tasks.ended.inc({ model, status });
    if (startedAt) this.#tasks.waiting.observe({ model }, (startedAt.getTime() - createdAt.getTime()) / 1000);
    if (status === 'completed') this.#tasks.inference.observe({ model }, inferenceMs / 1000);
  }

  tryStarted(): void {
    this.#worker.running.inc();
  }

  tryEnded(): void {
    this.#worker.running.dec();
  }

  tryFailed({ model }: Task, reason: string): void {
    this.#tasks.lost.inc({ model, reason });
  }

  storageFailed(operation: string): void {
    this.#service.storageErrors.inc({ operation });
  }

  storageBytes(direction: 'in' | 'out', count: number): void {
    this.#service.storageBytes.inc({ direction }, count);
  }

  webhookSent(received: boolean): void {
    this.#service.deliveries.inc({ outcome: received ? 'received' : 'failed' });
  }

  cleaned(deleted: Deleted): void {
    for (const [kind, count] of Object.entries(deleted)) this.#service.cleaned.inc({ kind }, count);
  }

  modelsChanged(change: string, loaded: number): void {
    this.#worker.changes.inc({ change });
    this.#worker.models.set(loaded);
  }

  workerStarted(slots: number): void {
    this.#worker.slots.set(slots);
  }

  streamOpened(): void {
    this.#service.streams.inc();
  }

  streamClosed(): void {
    this.#service.streams.dec();
  }
}
