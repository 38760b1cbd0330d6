import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, defaultClientConditions } from 'vite';
import { tinySmall } from '../../../../packages/engine/fixtures/fixtures.ts';
import { writeDeviceFolder } from '../../device-folder.ts';
import { openBrowser } from '../browser.ts';
import { serveFiles } from '../static-server.ts';

const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** The engine in a worker of Chromium. */
export interface EngineInBrowser {
  /**
   * Runs a job of `worker.ts` in a page of its own.
   *
   * @param isolated whether the host isolates the page, so that it has threads
   */
  run<Result>(isolated: boolean, name: string, ...values: unknown[]): Promise<Result>;
  close(): Promise<void>;
}

/** Builds the worker, serves it with the engine's files from plain file servers, and starts a browser. */
export async function engineInBrowser(): Promise<EngineInBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'retone-engine-'));
  writeDeviceFolder(join(folder, 'device'));
  await build({
    configFile: false,
    logLevel: 'warn',
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions] },
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2022',
      lib: { entry: join(import.meta.dirname, 'worker.ts'), formats: ['es'], fileName: () => 'worker.js' },
    },
  });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>engine</title>');
  const folders = { site: folder, fixture: tinySmall };
  const [browser, plain, isolating] = await Promise.all([
    openBrowser(),
    serveFiles(folders),
    serveFiles(folders, isolation),
  ]);
  return {
    async run<Result>(isolated: boolean, name: string, ...values: unknown[]): Promise<Result> {
      const { url } = isolated ? isolating : plain;
      const page = await browser.newPage();
      try {
        await page.goto(`${url}/site/`);
        const urls = { folder: `${url}/site/device/`, fixture: `${url}/fixture/` };
        const made = page.evaluate(
          (message) =>
            new Promise((resolve, reject) => {
              const worker = new Worker('worker.js', { type: 'module' });
              worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.result));
              worker.onerror = ({ message }) => reject(new Error(message));
              worker.postMessage(message);
            }),
          [name, urls, ...values],
        );
        return (await made) as Result;
      } finally {
        await page.close();
      }
    },
    async close() {
      await browser.close();
      await Promise.all([plain.close(), isolating.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
