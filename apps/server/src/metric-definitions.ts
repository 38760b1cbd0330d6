import type { Connections } from '@retone/database';
import type { OpenWork } from '@retone/jobs';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import manifest from '../package.json' with { type: 'json' };

// The definitions of all metrics. Labels come from the code and never from requests, so that there are few.

/** Requests, storage and what the process tidies up. */
export function serviceMetrics(registry: Registry) {
  const registers = [registry];
  return {
    requests: new Histogram({
      name: 'retone_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer; its count is that of requests.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300],
      registers,
    }),
    streams: new Gauge({
      name: 'retone_event_streams',
      help: 'Clients that watch the events of a task.',
      registers,
    }),
    storageErrors: new Counter({
      name: 'retone_storage_errors_total',
      help: 'Steps of the file store that failed because it was away, by the step.',
      labelNames: ['operation'],
      registers,
    }),
    storageBytes: new Counter({
      name: 'retone_storage_bytes_total',
      help: 'Bytes that this process stored (in) and read (out).',
      labelNames: ['direction'],
      registers,
    }),
    deliveries: new Counter({
      name: 'retone_webhook_deliveries_total',
      help: 'Webhooks sent, by whether they were received; a failed one is sent again.',
      labelNames: ['outcome'],
      registers,
    }),
    cleaned: new Counter({
      name: 'retone_expired_deleted_total',
      help: 'Expired tasks and uploads that this process deleted, and files that belonged to none.',
      labelNames: ['kind'],
      registers,
    }),
  };
}

/** Tasks that this process ended, or tried to. */
export function taskMetrics(registry: Registry) {
  const registers = [registry];
  return {
    ended: new Counter({
      name: 'retone_tasks_ended_total',
      help: 'Tasks that this process ended, by what became of them.',
      labelNames: ['model', 'status'],
      registers,
    }),
    lost: new Counter({
      name: 'retone_task_tries_failed_total',
      help: 'Tries of tasks that failed, and after which the task is tried again.',
      labelNames: ['model', 'reason'],
      registers,
    }),
    failures: new Counter({
      name: 'retone_task_failures_total',
      help: 'Tasks that this process ended as failed, by the error code that clients get.',
      labelNames: ['model', 'reason'],
      registers,
    }),
    steps: new Histogram({
      name: 'retone_task_step_seconds',
      help: 'Time of the engine for each inference step of a completed task, what it does beside them included.',
      labelNames: ['model'],
      buckets: [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
      registers,
    }),
    waiting: new Histogram({
      name: 'retone_task_waiting_seconds',
      help: 'Time from submission to the first try of a task.',
      labelNames: ['model'],
      buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200],
      registers,
    }),
    inference: new Histogram({
      name: 'retone_task_inference_seconds',
      help: 'Time that the engine took for a completed task.',
      labelNames: ['model'],
      buckets: [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900],
      registers,
    }),
  };
}

/** The worker of this process: its tasks and its models. */
export function workerMetrics(registry: Registry) {
  const registers = [registry];
  return {
    running: new Gauge({ name: 'retone_worker_running', help: 'Tasks that this process does now.', registers }),
    slots: new Gauge({
      name: 'retone_worker_slots',
      help: 'Tasks that this process does at once; 0 where it does none.',
      registers,
    }),
    models: new Gauge({ name: 'retone_models_loaded', help: 'Models that this worker has loaded.', registers }),
    changes: new Counter({
      name: 'retone_model_changes_total',
      help: 'Models that this worker loaded, evicted for want of memory, or dropped because their files were replaced.',
      labelNames: ['change'],
      registers,
    }),
  };
}

/** The version that runs, and this process's connections to the database. */
export function addProcessGauges(registry: Registry, connections: () => Connections): void {
  const registers = [registry];
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
}

/** Open tasks and webhooks of all machines together. While the database is away the last counts are outdated, so none are reported. */
export function addOpenWorkGauges(registry: Registry, askOpenWork: () => Promise<OpenWork>): void {
  const registers = [registry];
  const ask = askedOnce(askOpenWork);
  new Gauge({
    name: 'retone_database_up',
    help: 'Whether the database answers: 1 or 0.',
    registers,
    async collect() {
      this.set((await ask()) ? 1 : 0);
    },
  });
  new Gauge({
    name: 'retone_tasks',
    help: 'Tasks that wait (created) and that run (processing), on all machines together.',
    labelNames: ['status'],
    registers,
    async collect() {
      const work = await ask();
      if (!work) return this.reset();
      for (const status of ['created', 'processing'] as const) this.set({ status }, work[status]);
    },
  });
  const addNumber = (name: string, help: string, numberOf: (work: OpenWork) => number) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const work = await ask();
        if (work) this.set(numberOf(work));
        else this.reset();
      },
    });
  addNumber(
    'retone_task_oldest_waiting_seconds',
    'Age of the oldest task that waits, on all machines together.',
    ({ oldestSeconds }) => oldestSeconds,
  );
  addNumber(
    'retone_webhooks_waiting',
    'Webhooks that are still to be received, on all machines together.',
    ({ webhooks }) => webhooks,
  );
}

/** One question for all that one scrape asks of the database; no answer while it is away. */
function askedOnce(ask: () => Promise<OpenWork>): () => Promise<OpenWork | undefined> {
  let asked: Promise<OpenWork | undefined> | undefined;
  return () => {
    asked ??= ask()
      .catch(() => undefined)
      .finally(() => {
        asked = undefined;
      });
    return asked;
  };
}
