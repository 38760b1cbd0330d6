import { basename } from 'node:path';
import { folderState, openCheckpoint, type SafetensorsFile } from '@retone/checkpoint';
import { elementsOf } from '@retone/common';
import type { Adapter, ModelFacts, SamplerName } from '@retone/engine';
import { type Engine, EngineProcess } from './engine-process.ts';

/** A checkpoint with adapters: what an engine has loaded. */
export interface ModelChoice {
  folder: string;
  adapters: readonly Adapter[];
  /** Default: the checkpoint's own. */
  sampler?: SamplerName | undefined;
}

export interface PoolOptions {
  /** Bytes that loaded models may take together. One alone may take more. */
  budget: number;
  /** Called for each load and unload, with the models that are loaded afterwards. */
  onChange?: ((event: PoolChange) => void) | undefined;
  /** Milliseconds without progress after which an engine's process is killed. */
  stallMs?: number | undefined;
  /** Whether threads wait for the next operator in a loop: faster where nothing else runs beside the engines. */
  spinning?: boolean | undefined;
  /** Makes an engine; by default a separate process. */
  create?: (choice: ModelChoice) => Engine & { close(): Promise<void> };
}

/** `evicted`: for want of room; `outdated`: because its files were replaced. */
export interface PoolChange {
  change: 'loaded' | 'evicted' | 'outdated';
  model: string;
  loaded: string[];
}

interface Entry {
  name: string;
  folder: string;
  /** The folder's, as of loading. */
  state: string;
  engine: ReturnType<NonNullable<PoolOptions['create']>>;
  bytes: number;
  /** Requests that need it. */
  users: number;
  facts: Promise<ModelFacts>;
}

/** Memory of an engine beside its weights: the runtime, and what a generation works on. */
const workingBytes = 0.5e9;

/**
 * Engines with models loaded, as many as a memory budget allows. The least recently used one is unloaded first; one that
 * is running stays, and a model for which there is no room waits. A model whose files were replaced is loaded again.
 */
export class EnginePool {
  readonly #options: PoolOptions;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: (() => void)[] = [];
  /** One model is loaded or unloaded at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** The engine for a model. It is loaded when it is asked for something, and may be put away in between. */
  of(choice: ModelChoice): Engine {
    return {
      load: () => this.#with(choice, ({ facts }) => facts),
      run: (request, options) =>
        this.#with(choice, ({ engine }) => {
          const { sampler } = choice;
          return engine.run({ ...request, controls: { sampler, ...request.controls } }, options);
        }),
    };
  }

  /** Names of the models that are loaded, least recently used first. */
  get loaded(): string[] {
    return [...this.#entries.values()].map(({ name }) => name);
  }

  /** Whether a model is loaded. */
  has(choice: ModelChoice): boolean {
    return this.#entries.has(keyOf(choice, folderState(choice.folder)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ engine }) => engine.close()));
    this.#entries.clear();
  }

  async #with<Result>(choice: ModelChoice, work: (entry: Entry) => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(() => this.#acquire(choice));
    this.#turn = turn.catch(() => {});
    const entry = await turn;
    try {
      return await work(entry);
    } finally {
      entry.users--;
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  async #acquire(choice: ModelChoice): Promise<Entry> {
    const state = folderState(choice.folder);
    await this.#dropOutdated(choice.folder, state);
    const key = keyOf(choice, state);
    const known = this.#entries.get(key);
    if (known) {
      known.users++;
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known;
    }
    const bytes = bytesOf(choice.folder);
    await this.#makeRoom(bytes);
    const create =
      this.#options.create ?? (({ folder, adapters }) => new EngineProcess(folder, { ...this.#options, adapters }));
    const engine = create(choice);
    const { folder } = choice;
    const entry: Entry = { name: nameOf(choice), folder, state, engine, bytes, users: 1, facts: engine.load() };
    this.#entries.set(key, entry);
    try {
      await entry.facts;
    } catch (error) {
      this.#entries.delete(key);
      await engine.close();
      throw error;
    }
    this.#options.onChange?.({ change: 'loaded', model: entry.name, loaded: this.loaded });
    return entry;
  }

  async #makeRoom(bytes: number): Promise<void> {
    for (;;) {
      const total = [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, bytes);
      if (this.#entries.size === 0 || total <= this.#options.budget) return;
      const idle = [...this.#entries].find(([, { users }]) => users === 0);
      if (idle) await this.#putAway(...idle, 'evicted');
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Unloads models whose folder has changed; one that is running is unloaded later. */
  async #dropOutdated(folder: string, state: string): Promise<void> {
    for (const [key, entry] of this.#entries) {
      if (entry.folder === folder && entry.state !== state && entry.users === 0)
        await this.#putAway(key, entry, 'outdated');
    }
  }

  async #putAway(key: string, { name, engine }: Entry, change: 'evicted' | 'outdated'): Promise<void> {
    this.#entries.delete(key);
    await engine.close();
    this.#options.onChange?.({ change, model: name, loaded: this.loaded });
  }
}

function keyOf({ folder, adapters }: ModelChoice, state: string): string {
  return JSON.stringify([folder, state, adapters]);
}

function nameOf({ folder, adapters }: ModelChoice): string {
  return [basename(folder), ...adapters.map(({ path, strength }) => `${basename(path)}:${strength}`)].join(' + ');
}

/** Memory of a loaded model: its weights in fp32, less the table of token embeddings, which stays in its file. */
function bytesOf(folder: string): number {
  const checkpoint = openCheckpoint(folder);
  const bytes = (file: SafetensorsFile | undefined) =>
    [...(file?.tensors.values() ?? [])]
      .filter(({ name }) => !name.endsWith('embed_tokens.weight'))
      .reduce((sum, { shape }) => sum + 4 * elementsOf(shape), 0);
  const total = bytes(checkpoint.file) + bytes(checkpoint.text?.file) + workingBytes;
  checkpoint.close();
  return total;
}
