import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder that the command runs in, and that is removed afterwards. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'retone-test-'));

  /** Runs `retone` as a user does, in a separate process. */
  retone(...args: string[]): Promise<Outcome> {
    return this.retoneWith({}, ...args);
  }

  /** {@link retone} with more environment variables. */
  retoneWith(environment: Record<string, string>, ...args: string[]): Promise<Outcome> {
    const env = { ...process.env, ...environment };
    return new Promise((resolve) => {
      execFile(process.execPath, [main, ...args], { cwd: this.folder, env }, (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
        resolve({ code, stdout, stderr });
      });
    });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  files(): string[] {
    return readdirSync(this.folder).sort();
  }

  drop(name: string): void {
    rmSync(this.path(name), { recursive: true, force: true });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The recording that comes with the repository. */
export const riff = fileURLToPath(new URL('../../../examples/riff.wav', import.meta.url));
