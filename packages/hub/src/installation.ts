import { existsSync } from 'node:fs';
import { link, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { builtInModel, installedModels } from '@retone/checkpoint';
import { makeFolder } from '@retone/common';
import { HubError } from './errors.ts';
import type { Digest } from './hub.ts';
import { takeLock } from './lock.ts';
import { type InstallRecord, readRecord, writeRecord } from './record.ts';

/** Where a model is put together before it is installed. Its name begins with a dot, so that it does not count as a model. */
const partialFolder = '.partial';

/** A file that a model is to have. */
export interface WantedFile {
  /** Inside the model's folder. */
  path: string;
  size: number;
  digest?: Digest | undefined;
}

/**
 * The making of an installed model: its files are gathered in a folder of their own, and the folder is renamed when all are
 * there. Whatever happens, a model is installed whole or not at all. Others who want to make the same one wait.
 */
export class Installation {
  /** The folder that the model will have. */
  readonly folder: string;
  /** Where its files are gathered. */
  readonly staged: string;
  readonly #partial: string;
  readonly #release: () => void;

  private constructor(models: string, name: string, release: () => void) {
    this.folder = join(models, name);
    this.#partial = join(models, partialFolder);
    this.staged = join(this.#partial, name);
    this.#release = release;
  }

  /**
   * Begins or continues the installation of a model. Nobody else can make or remove it until {@link close}.
   *
   * @param onWait called when another process is at it, which is waited for
   * @throws HubError when the name is none, or that of the built-in model
   */
  static async begin(models: string, name: string, onWait: () => void, signal?: AbortSignal): Promise<Installation> {
    checkName(name);
    const release = await takeLock(join(models, partialFolder, `${name}.lock`), onWait, signal);
    return new Installation(models, name, release);
  }

  /** Whether a model is installed under this name. */
  get exists(): boolean {
    return existsSync(this.folder);
  }

  /** Where a file is gathered. */
  at(path: string): string {
    return join(this.staged, path);
  }

  /**
   * Readies the gathering: unwanted files are deleted, and files that an installed model has already are linked, not fetched
   * again. Whether they are what they should be is for the caller to check.
   *
   * @returns how many bytes are still to come
   */
  async prepare(files: readonly WantedFile[]): Promise<number> {
    makeFolder(this.staged);
    const wanted = new Set(files.map(({ path }) => path));
    for (const entry of await readdir(this.staged, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isDirectory() && !wanted.has(relative(this.staged, path))) await rm(path);
    }
    let missing = 0;
    for (const file of files) {
      const { size = 0 } = (await stat(this.at(file.path)).catch(() => undefined)) ?? {};
      if (size === file.size || (await this.#linkInstalled(file))) continue;
      missing += file.size - Math.min(size, file.size);
    }
    return missing;
  }

  /** Installs what was gathered, in place of what was installed under this name. */
  async finish(record: InstallRecord): Promise<void> {
    await writeRecord(this.staged, record);
    const old = `${this.staged}.old`;
    await rm(old, { recursive: true, force: true });
    if (this.exists) await rename(this.folder, old);
    await rename(this.staged, this.folder);
    await rm(old, { recursive: true, force: true });
  }

  /** Throws away what was gathered. */
  async discard(): Promise<void> {
    await rm(this.staged, { recursive: true, force: true });
  }

  /** Removes the installed model, and what was gathered of it. Renamed first, so that no half of it is left. */
  async remove(): Promise<void> {
    await this.discard();
    if (!this.exists) return;
    await rename(this.folder, this.staged);
    await this.discard();
  }

  /** Lets others have the model. What was gathered stays for the next attempt. */
  close(): void {
    this.#release();
  }

  async #linkInstalled({ path, size, digest }: WantedFile): Promise<boolean> {
    const target = this.at(path);
    for (const source of installedFiles(this.folder, path, digest)) {
      if ((await stat(source).catch(() => undefined))?.size !== size) continue;
      await rm(target, { force: true });
      makeFolder(dirname(target));
      // Some file systems have no links; then it is fetched.
      const linked = await link(source, target).then(
        () => true,
        () => false,
      );
      if (linked) return true;
    }
    return false;
  }
}

/** Bytes that were fetched of models that are not installed yet, by name. */
export async function unfinished(models: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const folder = join(models, partialFolder);
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || entry.name.endsWith('.old')) continue;
    const files = await readdir(join(folder, entry.name), { recursive: true, withFileTypes: true });
    let bytes = 0;
    for (const file of files) if (file.isFile()) bytes += (await stat(join(file.parentPath, file.name))).size;
    found.set(entry.name, bytes);
  }
  return found;
}

/** @throws HubError when a model cannot have this name */
export function checkName(name: string): void {
  if (name === builtInModel) {
    throw new HubError('built-in', `"${name}" is the model that comes with Retone, which stays as it is`);
  }
  if (/^[\w][\w.-]{0,199}$/.test(name) && !name.endsWith('.old')) return;
  throw new HubError(
    'unknown-model',
    `a model's name must consist of letters, digits, dots, dashes and underscores (got "${name}")`,
  );
}

/** Files of installed models that may be a wanted one: by their recorded checksum, or because they are in its place. */
function installedFiles(folder: string, path: string, digest: Digest | undefined): string[] {
  const sameContent = installedModels().flatMap((model) => {
    const files = readRecord(model.folder)?.files ?? [];
    return files.filter(({ sha256 }) => sha256 === digest?.hex).map((file) => join(model.folder, file.path));
  });
  return [...sameContent, join(folder, path)];
}
