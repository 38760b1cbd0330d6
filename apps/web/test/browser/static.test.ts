import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeAudio } from '@retone/audio';
import { findModel } from '@retone/checkpoint';
import { audioToAudio, loadModel } from '@retone/engine';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wavFile } from '../../src/sound/wav.ts';
import { buildStatic } from '../../static.ts';
import { openBrowser } from '../browser.ts';
import { logMelDifference, music } from '../engine/compare.ts';
import { drop, heard, openPage, prompt, result, source } from '../page.ts';
import { type StaticServer, serveFiles } from '../static-server.ts';

// The page as a folder of files, from a plain file server: everything is made in the browser, and after one visit without the network.

const folder = mkdtempSync(join(tmpdir(), 'retone-static-'));
let server: StaticServer;
let browser: Browser;
let page: Page;
const errors: string[] = [];

beforeAll(async () => {
  await buildStatic(folder);
  [browser, server] = await Promise.all([openBrowser(), serveFiles({ sounds: folder })]);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const seconds = 8;
const audio = music(seconds);
const half = audio.data.length / 2;
const channels = [audio.data.subarray(0, half), audio.data.subarray(half)];
const recording = { name: 'music.wav', mimeType: 'audio/wav', buffer: Buffer.from(wavFile(channels, 44_100)) };
const wish = 'a warm synth pad in a large hall';

test('the first visit transfers less than 40 MB, and ends with a page that works offline', async () => {
  page = await openPage(browser, `${server.url}/sounds/`);
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.getByText('Ready, also offline').waitFor({ timeout: 240_000 });
  expect(server.sent()).toBeLessThan(40e6);
  console.log(`the first visit transferred ${(server.sent() / 1e6).toFixed(1)} MB`);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
}, 300_000);

test('without the network it opens again, and transforms a recording', async () => {
  await server.close();
  await page.reload();
  await page.getByText('Ready, also offline').waitFor({ timeout: 240_000 });
  await drop(page, recording);
  await source(page).getByText('music.wav').waitFor();
  await prompt(page).fill(wish);
  await page.getByRole('button', { name: 'Transform', exact: true }).click();
  await result(page).waitFor({ timeout: 240_000 });
  await result(page).getByText('on this device').waitFor();
}, 600_000);

test('source and result are compared by ear', async () => {
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(async () => (await heard(page)).level).toBeGreaterThan(-60);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
});

test('the downloaded result is that of the command line with the same seed', async () => {
  await result(page)
    .getByRole('button', { name: /^Download/ })
    .click();
  const waiting = page.waitForEvent('download');
  await page.locator('.menu:popover-open').getByText('WAV, 32-bit float').click();
  const file = readFileSync(await (await waiting).path());
  const samples = new Float32Array(file.buffer.slice(file.byteOffset + 44, file.byteOffset + file.length));
  const found = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) found[(i % 2) * (samples.length / 2) + (i >> 1)] = samples[i]!;
  const seed = Number(/seed (\d+)/.exec(await result(page).innerText())![1]);
  const model = await loadModel(findModel(), { precision: 'exact' });
  const expected = await audioToAudio(model, { prompt: wish, seed, audio, seconds, initNoiseLevel: 0.5 });
  await model.release();
  expect(found.length).toBe(expected.data.length);
  const largest = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.data[i]!)), 0);
  const difference = logMelDifference(found, expected.data);
  console.log(`largest difference from Node ${largest.toFixed(5)}, log-mel ${difference.toFixed(4)} dB`);
  expect(difference).toBeLessThan(0.1);
}, 600_000);

test.each([
  ['FLAC, 24 bit', 'fLaC'],
  ['MP3', 'ID3'],
  ['Opus', 'OggS'],
])('the result is had as %s too, of the same length', async (form, signature) => {
  await result(page)
    .getByRole('button', { name: /^Download/ })
    .click();
  const waiting = page.waitForEvent('download');
  await page.locator('.menu:popover-open').getByText(form, { exact: true }).click();
  const path = await (await waiting).path();
  expect(readFileSync(path).subarray(0, signature.length).toString('latin1')).toBe(signature);
  const { channels, sampleRate } = await decodeAudio(readFileSync(path));
  expect(channels[0]!.length / sampleRate).toBeCloseTo(seconds, 1);
});

test('the other verbs work as well', async () => {
  await page.getByRole('link', { name: 'Inpaint' }).click();
  await prompt(page).fill('a flute answers');
  await page.getByRole('button', { name: 'Fill in', exact: true }).click();
  await result(page, 2).waitFor({ timeout: 240_000 });
  await page.getByRole('link', { name: 'Extend' }).click();
  await prompt(page).fill('the band comes in');
  await page.getByRole('button', { name: 'Extend', exact: true }).click();
  await result(page, 3).waitFor({ timeout: 240_000 });
  await page.getByRole('link', { name: 'Generate' }).click();
  await prompt(page).fill('rain on a tin roof');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await result(page).waitFor({ timeout: 240_000 });
}, 900_000);

test('the history has it, from where it is deleted', async () => {
  await page.getByRole('link', { name: 'History' }).click();
  const item = page.getByRole('listitem').filter({ hasText: wish });
  await item.getByText('on this device').waitFor();
  await item.getByRole('button', { name: /^Delete/ }).click();
  await item.waitFor({ state: 'detached' });
  expect(errors).toEqual([]);
});
