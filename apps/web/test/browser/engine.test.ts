import { findModel } from '@retone/checkpoint';
import { audioToAudio, loadModel } from '@retone/engine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinySmall } from '../../../../packages/engine/fixtures/fixtures.ts';
import { filesIn } from '../../files-in.ts';
import { logMelDifference, music } from '../engine/compare.ts';
import { type EngineInBrowser, engineInBrowser } from '../engine/in-browser.ts';
import type { ParityReport, Transformed } from '../engine/worker.ts';

// The engine in a worker of Chromium, from a plain file server: the same results as in Node.

let engine: EngineInBrowser;
beforeAll(async () => {
  engine = await engineInBrowser();
}, 300_000);
afterAll(() => engine?.close());

test('the recorded cases of the reference pass within their tolerances', async () => {
  const report = await engine.run<ParityReport>(false, 'parity', filesIn(tinySmall));
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
    ['one thread, where the host does not isolate pages', false],
    ['all threads, where it does', true],
  ])(
    'is that of Node, with %s',
    async (_, isolated) => {
      const made = await engine.run<Transformed>(isolated, 'transform', audio, request);
      const found = Float32Array.from(Object.values(made.audio));
      const largest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
      const difference = logMelDifference(found, expected);
      console.log(`largest difference ${largest.toExponential(1)}, log-mel ${difference.toFixed(4)} dB`);
      expect(made.isolated).toBe(isolated);
      expect(found.length).toBe(expected.length);
      expect(difference).toBeLessThan(0.1);
    },
    600_000,
  );
});
