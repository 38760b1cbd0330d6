import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A part of the service as an operator runs it, in a separate process. */
export class ServiceProcess {
  readonly #command: 'serve' | 'api' | 'worker';
  readonly #environment: Record<string, string>;
  #child: ChildProcess | undefined;
  /** Where it listens; undefined while it does not. */
  url: string | undefined;
  /** The key of the first account, from the process that made it. */
  key: string | undefined;
  /** Its standard error. */
  errors = '';

  /** Its data folder. */
  get folder(): string {
    return this.#environment.RETONE_DATA!;
  }

  constructor(command: 'serve' | 'api' | 'worker', environment: Record<string, string>) {
    this.#command = command;
    this.#environment = environment;
  }

  /** Resolves when it says that it is ready; false when it ended before. */
  async start(): Promise<boolean> {
    const child = spawn(process.execPath, [main, this.#command], {
      env: { ...process.env, RETONE_PORT: '0', ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    const lines = createInterface(child.stdout);
    return new Promise((resolve) => {
      lines.on('line', (line) => {
        this.key ??= /^ {2}(rt_\S+)$/.exec(line)?.[1];
        if (!/^Retone (listens|works)/.test(line)) return;
        this.url = /http\S+/.exec(line)?.[0];
        resolve(true);
      });
      child.once('exit', () => resolve(false));
    });
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks it to stop; answers with its exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    this.url = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = once(child, 'exit');
    child.kill(signal);
    return (await gone)[0];
  }
}

/** The command lines of living processes that have `folder` in their environment: those of a service there, and its children. */
export function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((id) => /^\d+$/.test(id) && Number(id) !== process.pid)
    .flatMap((id) => {
      try {
        if (!readFileSync(`/proc/${id}/environ`, 'utf8').includes(`RETONE_DATA=${folder}`)) return [];
        return [readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return []; // it has ended
      }
    });
}
