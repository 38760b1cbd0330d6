import { readFile } from 'node:fs/promises';
import { decodeAudio } from '@retone/audio';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { drop, openPage, prompt, result, source, tone } from '../page.ts';
import { siteForTests } from '../site.ts';
import { ToneEngine } from '../tone-engine.ts';

// From the first drop to the audio program, as one session: nothing is lost, and the console stays silent.

let page: Page;
const engine = new ToneEngine();
const site = siteForTests({ engine });
const complaints: string[] = [];
beforeAll(async () => {
  page = await openPage(site.browser, site.running.page);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
});

const wish = 'bells, dark';
const tabs = (of = page) => of.getByRole('list', { name: 'Recordings' }).getByRole('button');
const choose = (name: string) => tabs().filter({ hasText: name }).click();
const menuButton = (name: string) => page.locator('.menu:popover-open').getByRole('button', { name, exact: true });

test('three recordings are dropped at once, and the levels of one are swept', async () => {
  const drums = await readFile(new URL('../../../../examples/drums.wav', import.meta.url));
  await drop(
    page,
    { ...tone(4), name: 'one.wav' },
    { ...tone(3, { pitch: 200 }), name: 'two.wav' },
    { name: 'drums.wav', mimeType: 'audio/wav', buffer: drums },
  );
  await expect.poll(() => tabs().count()).toBe(3);
  await source(page).getByText('one.wav').waitFor();
  await prompt(page).fill(wish);
  await page.getByRole('button', { name: 'Sweep levels' }).click();
  for (const number of [1, 2, 3, 4]) await result(page, number).waitFor();
  const made = engine.requests as { initNoiseLevel?: number; controls: { seed?: number } }[];
  expect(made.map(({ initNoiseLevel }) => initNoiseLevel).toSorted()).toEqual([0.3, 0.5, 0.7, 0.9]);
  expect(new Set(made.map(({ controls }) => controls.seed)).size).toBe(1);
});

test('a favourite is sent to Inpaint, and two regions of it are regenerated', async () => {
  await result(page, 2)
    .getByRole('button', { name: /^Favourite/ })
    .click();
  await result(page, 2)
    .getByRole('button', { name: /^Listen/ })
    .click();
  await result(page, 2).getByRole('button', { name: /^Send/ }).click();
  await menuButton('Inpaint').click();
  await page.getByRole('heading', { level: 1, name: 'Inpaint' }).waitFor();
  await source(page).getByText(wish).waitFor();
  await expect.poll(() => tabs().count()).toBe(4);
  await page.getByRole('button', { name: 'Add a region' }).click();
  expect(await source(page).locator('.range.mask').count()).toBe(2);
  await prompt(page).fill('a choir answers');
  await page.getByRole('button', { name: 'Fill in', exact: true }).click();
  await result(page).waitFor();
  expect((engine.requests.at(-1) as { regions: unknown[] }).regions).toHaveLength(2);
  expect(await result(page).locator('.made').count()).toBe(2);
});

test('the same recording is extended', async () => {
  await page.getByRole('link', { name: 'Extend' }).click();
  await source(page).getByText(wish).waitFor();
  await prompt(page).fill('the choir goes on');
  await page.getByRole('button', { name: 'Extend', exact: true }).click();
  await result(page, 2).waitFor();
  expect(await result(page, 2).locator('.made').count()).toBe(1);
});

test('a loop snaps to bars', async () => {
  await page.getByRole('link', { name: 'Transform' }).click();
  await choose('drums.wav');
  await source(page).getByText('BPM').waitFor();
  await page.getByRole('button', { name: 'Display' }).click();
  await menuButton('Beats').click();
  await page.getByRole('button', { name: 'Display' }).click();
  await menuButton('Bars').click();
  const { x, y, width } = (await source(page).locator('.area').boundingBox())!;
  await page.mouse.move(x + 3, y + 20);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.52, y + 20, { steps: 5 });
  await page.mouse.up();
  await page.getByRole('button', { name: /^Loop \d+ (bars?|beats?)$/ }).waitFor();
});

test('what was removed comes back, step by step', async () => {
  await choose('one.wav');
  await result(page, 1)
    .getByRole('button', { name: /^Listen/ })
    .click();
  await result(page, 1)
    .getByRole('button', { name: `Remove ${wish}` })
    .click();
  await result(page, 1).waitFor({ state: 'detached' });
  await choose('two.wav');
  await source(page).getByRole('button', { name: 'Remove two.wav' }).click();
  await expect.poll(() => tabs().count()).toBe(3);
  await page.locator('main').focus();
  await page.keyboard.press('Control+z');
  await expect.poll(() => tabs().count()).toBe(4);
  await page.keyboard.press('Control+z');
  await choose('one.wav');
  await result(page, 1).waitFor();
});

test('a reload and a second tab lose nothing', async () => {
  await page.reload();
  await expect.poll(() => tabs().count()).toBe(4);
  await choose('one.wav');
  for (const number of [1, 2, 3, 4]) await result(page, number).waitFor();
  const other = await page.context().newPage();
  await other.goto(site.running.page);
  await expect.poll(() => tabs(other).count()).toBe(4);
  await prompt(other).fill('of the other tab');
  await drop(other, { ...tone(2), name: 'other.wav' });
  await source(other).getByText('other.wav').waitFor();
  // Here it is one recording more; what this tab works on and what was typed stay.
  await expect.poll(() => tabs().count()).toBe(5);
  await source(page).getByText('one.wav').waitFor();
  await page.reload();
  await source(page).getByText('one.wav').waitFor();
  expect(await prompt(page).inputValue()).toBe(wish);
  await other.close();
});

test('a result is dragged out as a 24-bit file with its name and tags', async () => {
  const dragged = await result(page, 2)
    .getByRole('link', { name: /^Drag out/ })
    .evaluate((grip) => {
      const data = new DataTransfer();
      grip.dispatchEvent(new DragEvent('dragstart', { dataTransfer: data, bubbles: true }));
      return data.getData('DownloadURL');
    });
  const [, type, name, url] = /^(audio\/wav):([^:]+):(http.*)$/.exec(dragged)!;
  expect(type).toBe('audio/wav');
  expect(name).toMatch(/^one_bells-dark_\d+\.wav$/);
  const answer = await fetch(url!);
  expect(answer.headers.get('content-disposition')).toContain(name!);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const depth = bytes.indexOf('fmt ') + 22;
  expect(bytes.readUInt16LE(depth)).toBe(24);
  const text = bytes.toString('latin1');
  for (const tag of ['INAM', wish, 'level 0.5', 'Retone']) expect(text).toContain(tag);
  expect((await decodeAudio(bytes)).sampleRate).toBe(44100);
});

test('all results are downloaded as one zip file', async () => {
  await page.getByRole('button', { name: 'Download several results as a zip file' }).click();
  const download = page.waitForEvent('download');
  await menuButton('All results').click();
  const file = await readFile(await (await download).path());
  expect(file.subarray(0, 2).toString()).toBe('PK');
  const names = file.toString('latin1').match(/(?:one|bells-dark)_[\w-]+\.wav/g)!;
  expect(new Set(names).size).toBe(6);
});

test('nothing was complained of', () => {
  expect(complaints).toEqual([]);
});
