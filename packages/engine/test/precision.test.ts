import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findModel } from '@retone/checkpoint';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Precision, precisions } from '../src/backends/precision.ts';
import { relativeError } from '../src/fidelity.ts';
import { loadModel } from '../src/load.ts';
import type { Model } from '../src/model.ts';
import { made, prompts, spectra } from './fidelity.ts';
import { meanDifference } from './log-mel.ts';

// Error of 8-bit integers on the built-in model: after eight steps of its sampler with the same noise, at most so much.

const bounds = { balanced: { latents: 0.03, decibels: 0.5 }, fast: { latents: 0.06, decibels: 1 } };

let cache: string;
let models: Record<Precision, Model>;

beforeAll(async () => {
  cache = mkdtempSync(join(tmpdir(), 'retone-precision-'));
  process.env.RETONE_CACHE = cache;
  const [exact, balanced, fast] = [
    await loadModel(findModel()),
    await loadModel(findModel(), { precision: 'balanced' }),
    await loadModel(findModel(), { precision: 'fast' }),
  ];
  models = { exact, balanced, fast };
});

afterAll(async () => {
  for (const precision of precisions) await models[precision].release();
  rmSync(cache, { recursive: true });
});

test('8-bit tiers stay within their bounds on 20 prompts and recordings', { timeout: 300_000 }, async () => {
  const none = () => ({ latents: 0, decoded: 0, meanHeard: 0 });
  const found = { balanced: none(), fast: none() };
  for (const index of prompts.keys()) {
    const exact = await made(models.exact, index);
    const reference = spectra(models.exact, exact);
    for (const precision of ['balanced', 'fast'] as const) {
      const result = await made(models[precision], index);
      const { decoded, heard } = spectra(models[precision], result);
      const measures = found[precision];
      measures.latents = Math.max(measures.latents, relativeError(result.latents.data, exact.latents.data));
      measures.decoded = Math.max(measures.decoded, meanDifference(decoded, reference.decoded));
      measures.meanHeard += meanDifference(heard, reference.heard) / prompts.length;
    }
  }
  console.log('largest errors of 20, and the mean of what is heard in dB:', found);
  for (const precision of ['balanced', 'fast'] as const) {
    expect(models[precision].precision).toBe(precision);
    expect(found[precision].latents).toBeLessThan(bounds[precision].latents);
    expect(found[precision].decoded).toBeLessThan(bounds[precision].decibels);
    // Phases are made up by an iteration in which small differences grow: 0.1 % of noise in latents comes to 0.1-0.5 dB.
    expect(found[precision].meanHeard).toBeLessThan(bounds[precision].decibels);
    // A result that is equal to the last bit was not computed in integers.
    expect(found[precision].latents).toBeGreaterThan(1e-4);
  }
});
