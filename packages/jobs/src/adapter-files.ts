import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError, modelsFolder } from '@retone/checkpoint';
import { evictOldest, makeFolder, markUsed, writeAtomically } from '@retone/common';
import type { Lora } from '@retone/contract';
import type { Queryable } from '@retone/database';
import { type Adapter, readAdapter } from '@retone/engine';
import { type FileStore, type GuardOptions, guardedFetch } from '@retone/storage';
import { StoredAdapters } from './adapters.ts';
import { EngineFailure } from './engine-process.ts';

export interface AdapterFilesOptions {
  database: Queryable;
  store: FileStore;
  /** Limits on fetching adapters that tasks name by URL. */
  fetching: GuardOptions;
  /** Where adapters are kept for the engine, which reads files. */
  folder: string;
}

/** Most bytes of adapters that are kept here; the least recently used ones are evicted. */
const keptBytes = 5e9;

/** The name of an adapter's file. */
export function adapterHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The folder of adapters that an operator has installed, whose names tasks may give as a path. */
export function installedAdapters(): string {
  return join(modelsFolder(), 'adapters');
}

/** Why some bytes cannot be used as an adapter, if they cannot. Whether it fits a model shows when it is used. */
export function checkAdapter(bytes: Uint8Array): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'retone-adapter-'));
  const path = join(folder, 'adapter.safetensors');
  try {
    writeFileSync(path, bytes);
    readAdapter(path);
    return undefined;
  } catch (error) {
    if (error instanceof CheckpointError) return error.message.replaceAll(path, 'the adapter');
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The adapters that tasks ask for, as files. A task never names a file of this machine itself. */
export class AdapterFiles {
  readonly #options: AdapterFilesOptions;

  constructor(options: AdapterFilesOptions) {
    this.#options = options;
    makeFolder(options.folder, 0o700);
  }

  /**
   * Files of the adapters of a task, in their order.
   *
   * @throws EngineFailure when one is not there; GuardError when a URL may not be fetched
   */
  async of(accountId: string, loras: readonly Lora[] = [], signal?: AbortSignal): Promise<Adapter[]> {
    const adapters: Adapter[] = [];
    for (const { id, path, strength } of loras) {
      const file = id === undefined ? await this.#named(path!, signal) : await this.#uploaded(accountId, id);
      adapters.push({ path: file, strength });
    }
    return adapters;
  }

  async #uploaded(accountId: string, id: string): Promise<string> {
    const adapter = await new StoredAdapters(this.#options.database).get(accountId, id);
    const bytes = adapter && (await this.#options.store.read(adapter.key));
    if (bytes) return this.#kept(bytes);
    throw new EngineFailure('unknown-adapter', `there is no adapter with the id "${id}"`);
  }

  async #named(path: string, signal: AbortSignal | undefined): Promise<string> {
    if (/^https?:/i.test(path)) {
      const bytes = await this.#fetched(path, signal);
      const problem = checkAdapter(bytes);
      if (problem) throw new EngineFailure('bad-adapter', problem);
      return this.#kept(bytes);
    }
    const name = /^[\w][\w.-]*$/.test(path) ? path.replace(/\.safetensors$/, '') : undefined;
    const file = name && join(installedAdapters(), `${name}.safetensors`);
    if (file && existsSync(file)) return file;
    throw new EngineFailure('unknown-adapter', `there is no adapter "${path}" installed here`);
  }

  async #fetched(url: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const response = await guardedFetch(url, { ...this.#options.fetching, signal });
    if (response.status !== 200) {
      response.close();
      throw new EngineFailure('unknown-adapter', `the adapter's URL answers ${response.status} instead of a file`);
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** By its content: the same adapter is the same file, whoever brought it, and so is folded once. */
  async #kept(bytes: Uint8Array): Promise<string> {
    const { folder } = this.#options;
    const path = this.#path(adapterHash(bytes));
    if (!existsSync(path)) await writeAtomically(path, (part) => writeFile(part, bytes, { mode: 0o600 }));
    markUsed(path);
    evictOldest(folder, keptBytes);
    return path;
  }

  /** Deletes an adapter's file here, unless an account still has an adapter of that content. */
  async forget(hash: string): Promise<void> {
    if (!/^[0-9a-f]{64}$/.test(hash) || (await new StoredAdapters(this.#options.database).isKept(hash))) return;
    rmSync(this.#path(hash), { force: true });
  }

  /** Deletes the files that no account has uploaded, or whose adapters were deleted while this machine was away. */
  async sweep(): Promise<void> {
    for (const name of readdirSync(this.#options.folder)) {
      const hash = /^([0-9a-f]{64})\.safetensors$/.exec(name)?.[1];
      if (hash) await this.forget(hash);
    }
  }

  #path(hash: string): string {
    return join(this.#options.folder, `${hash}.safetensors`);
  }
}
