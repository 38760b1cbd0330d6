import { totalmem } from 'node:os';
import { join } from 'node:path';
import { CheckpointError } from '@retone/checkpoint';
import { type ModelId, modelIds, modelOf, type PublicModel } from '@retone/contract';
import type { Database } from '@retone/database';
import { AdapterFiles, adapterChannel, EnginePool, Serving, type WorkerOptions } from '@retone/jobs';
import type { FileStore, GuardOptions } from '@retone/storage';
import type { Metrics } from './metrics.ts';
import type { ServiceLog } from './service-log.ts';
import type { Settings } from './settings.ts';

interface Parts {
  settings: Settings;
  database: Database;
  store: FileStore;
  metrics: Metrics;
  log: ServiceLog;
}

/** The checkpoints that serve the public models, and on a worker the engines that have them loaded. */
export class EngineHost {
  readonly #parts: Parts;
  readonly #serving: Serving;
  #pool: EnginePool | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#serving = new Serving({
      model: parts.settings.RETONE_MODEL,
      path: parts.settings.RETONE_SERVING,
      onError: (err) => parts.log.error({ err }, 'serving continues with the previous settings'),
    });
  }

  /** The public models, with the limits of the checkpoints that serve them. */
  get all(): PublicModel[] {
    return modelIds.map((id) => this.of(id));
  }

  /** The folder of the checkpoint that serves a public model here. @throws CheckpointError when it is not installed */
  folderOf(id: string): string {
    return this.#serving.of(id).folder;
  }

  /** A public model with the limits of what serves it, as far as that is installed on this machine. */
  of(id: ModelId): PublicModel {
    try {
      return modelOf(id, this.#serving.of(id).limits);
    } catch (error) {
      // An API alone may have no models; the workers have.
      if (error instanceof CheckpointError) return modelOf(id);
      throw error;
    }
  }

  /** Loads the checkpoint of the first public model, and checks that the others could be loaded. */
  async start(fetching: GuardOptions): Promise<WorkerOptions['engineFor']> {
    const { database, store, settings, metrics, log } = this.#parts;
    const memory = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
    const pool = new EnginePool({
      stallMs: settings.RETONE_STALL_SECONDS * 1000,
      // With more workers, files of other tasks are decoded and encoded beside the engine.
      spinning: settings.RETONE_WORKERS === 1,
      budget: settings.RETONE_MEMORY_GB ? settings.RETONE_MEMORY_GB * 1e9 : 0.7 * memory,
      onChange: ({ change, model, loaded }) => {
        metrics.modelsChanged(change, loaded.length);
        log.info({ model, loaded }, `model ${change}`);
      },
    });
    this.#pool = pool;
    const files = new AdapterFiles({ database, store, fetching, folder: join(settings.RETONE_DATA, 'adapters') });
    await files.sweep();
    await database.listen(adapterChannel, (hash) => {
      files.forget(hash).catch((err: Error) => log.error({ err }, 'adapter not deleted'));
    });
    const [first] = modelIds.map((id) => this.#serving.of(id));
    await pool.of({ folder: first!.folder, adapters: [] }).load();
    return async (task, signal) => {
      const { folder, sampler } = this.#serving.of(task.model);
      return pool.of({ folder, sampler, adapters: await files.of(task.accountId, task.input.loras, signal) });
    };
  }

  /** Whether the checkpoint of a public model is loaded here; other workers leave such tasks to this one if they can. */
  isWarm(model: string): boolean {
    if (!this.#pool) return true;
    try {
      return this.#pool.has({ folder: this.#serving.of(model).folder, adapters: [] });
    } catch {
      // Not installed here: another worker is the better one.
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }
}
