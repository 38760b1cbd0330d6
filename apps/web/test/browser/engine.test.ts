import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findModel } from '@retone/checkpoint';
import { audioToAudio, loadModel } from '@retone/engine';
import type { Browser, Page } from 'playwright-core';
import { build, defaultClientConditions } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinySmall } from '../../../../packages/engine/fixtures/fixtures.ts';
import { writeDeviceFolder } from '../../device-folder.ts';
import { openBrowser } from '../browser.ts';
import { fixtureFiles, logMelDifference, music } from '../engine/compare.ts';
import type { ParityReport, Transformed } from '../engine/worker.ts';
import { type StaticServer, serveFiles } from '../static-server.ts';

// The engine in a worker of Chromium, from a plain file server: the same results as in Node.

const folder = mkdtempSync(join(tmpdir(), 'retone-engine-'));
const device = join(folder, 'device');
const isolated = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};
let browser: Browser;
let servers: StaticServer[];

beforeAll(async () => {
  writeDeviceFolder(device);
  await build({
    configFile: false,
    logLevel: 'warn',
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions] },
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2022',
      lib: { entry: join(import.meta.dirname, '../engine/worker.ts'), formats: ['es'], fileName: () => 'worker.js' },
    },
  });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>engine</title>');
  const folders = { site: folder, fixture: tinySmall };
  [browser, ...servers] = await Promise.all([openBrowser(), serveFiles(folders), serveFiles(folders, isolated)]);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  for (const server of servers ?? []) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a job of the worker in a page. */
async function inWorker<Result>(server: StaticServer, name: string, ...values: unknown[]): Promise<Result> {
  const page: Page = await browser.newPage();
  try {
    await page.goto(`${server.url}/site/`);
    const urls = { folder: `${server.url}/site/device/`, fixture: `${server.url}/fixture/` };
    return (await page.evaluate(
      (message) =>
        new Promise((resolve, reject) => {
          const worker = new Worker('worker.js', { type: 'module' });
          worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.result));
          worker.onerror = ({ message }) => reject(new Error(message));
          worker.postMessage(message);
        }),
      [name, urls, ...values],
    )) as Result;
  } finally {
    await page.close();
  }
}

test('the recorded cases of the reference pass within their tolerances', async () => {
  const report = await inWorker<ParityReport>(servers[0]!, 'parity', fixtureFiles(tinySmall));
  expect(report.failures).toEqual([]);
  expect(report.compared).toBeGreaterThan(100);
}, 600_000);

describe('a transform of 8 s by the built-in model', () => {
  const audio = music(8);
  const request = { prompt: 'a warm synth pad in a large hall', seed: 7 };
  let expected: Float32Array;
  beforeAll(async () => {
    const model = await loadModel(findModel(), { precision: 'exact' });
    const made = await audioToAudio(model, { ...request, audio, initNoiseLevel: 0.6 });
    expected = made.data;
    await model.release();
  }, 300_000);

  test.each([
    ['one thread, where the host does not isolate pages', 0],
    ['all threads, where it does', 1],
  ])(
    'is that of Node, with %s',
    async (_, server) => {
      const {
        audio: made,
        milliseconds,
        threads,
      } = await inWorker<Transformed>(servers[server]!, 'transform', audio, request);
      const found = Float32Array.from(Object.values(made));
      const largest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
      const { load, transform } = milliseconds;
      console.log(
        `load ${Math.round(load)} ms, transform ${Math.round(transform)} ms, ` +
          `largest difference ${largest.toFixed(5)}, log-mel ${logMelDifference(found, expected).toFixed(4)} dB`,
      );
      expect(threads).toBe(server === 1);
      expect(found.length).toBe(expected.length);
      expect(logMelDifference(found, expected)).toBeLessThan(0.1);
    },
    600_000,
  );
});
