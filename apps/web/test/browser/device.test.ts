import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { drop, heard, openPage, prompt, result, source, tone } from '../page.ts';
import { siteForTests } from '../site.ts';
import { ToneEngine } from '../tone-engine.ts';

// The page of a service, where the musician has this device make the sound. A tone stands for the service's engine.

let page: Page;
const engine = new ToneEngine();
const site = siteForTests({ engine });
const errors: string[] = [];
beforeAll(async () => {
  page = await openPage(site.browser, site.running.page);
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
});

const choose = (place: string) =>
  page.getByRole('group', { name: 'Made by' }).getByRole('button', { name: place, exact: true }).click();
const transform = () => page.getByRole('button', { name: 'Transform', exact: true }).click();

test('nothing of the engine is loaded before it is asked for', async () => {
  await drop(page, tone(2));
  await source(page).getByText('tone.wav').waitFor();
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
  expect(loaded.filter((name) => /\/device\/|engine\.worker/.test(name))).toEqual([]);
});

test('this device makes a result, and the service learns nothing of it', async () => {
  const uploads: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') uploads.push(request.url());
  });
  await page.getByText('Fine tuning').click();
  await choose('This device');
  await prompt(page).fill('a music box');
  await transform();
  await result(page).waitFor({ timeout: 240_000 });
  await result(page).getByText('on this device').waitFor();
  expect(engine.requests).toEqual([]);
  expect(uploads).toEqual([]);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(async () => (await heard(page)).level).toBeGreaterThan(-70);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
}, 300_000);

test('the next one is made by the service again', async () => {
  await choose('Service');
  await transform();
  await result(page, 2).waitFor();
  expect(engine.requests).toHaveLength(1);
  expect(await result(page, 2).getByText('on this device').count()).toBe(0);
});

test('the history has both, and they stay after a reload', async () => {
  await page.getByRole('link', { name: 'History' }).click();
  const items = page.getByRole('listitem').filter({ hasText: 'a music box' });
  await expect.poll(() => items.count()).toBe(2);
  await page.reload();
  await expect.poll(() => items.count()).toBe(2);
  expect(await items.filter({ hasText: 'on this device' }).count()).toBe(1);
  expect(errors).toEqual([]);
});
