import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { drop, openPage, prompt, result, source, tone } from '../page.ts';
import { startService } from '../service.ts';
import { siteForTests } from '../site.ts';
import { ToneEngine } from '../tone-engine.ts';

const engine = new ToneEngine();
const site = siteForTests({ engine, settings: { RETONE_QUEUE_LIMIT: '2', RETONE_MAX_UPLOAD_MB: '60' } });

/** Opens the page; with a key, as one that is given one. */
async function open(key?: string): Promise<Page> {
  const page = await openPage(site.browser, site.running.page);
  if (key) {
    await page.evaluate((value) => localStorage.setItem('retone.key', value), key);
    await page.reload();
  }
  return page;
}

async function submit(page: Page, words = 'a bell'): Promise<void> {
  await prompt(page).fill(words);
  await page.getByRole('button', { name: /^Transform/ }).click();
}

test('without prompt and recording nothing is sent, and the page says what is missing', async () => {
  const page = await open();
  await page.getByRole('button', { name: /^Transform/ }).click();
  await page.getByText('Say what it should sound like, or').waitFor();
  await page.getByText('Choose a recording first.').waitFor();
  expect(await prompt(page).evaluate((element) => element === document.activeElement)).toBe(true);
  await page.context().close();
});

test('a file that is not a sound file is refused with a reason, and another file can be dropped', async () => {
  const page = await open();
  await drop(page, {
    name: 'letter.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('Dear Sir or Madam, this is a letter.'),
  });
  await page.getByText('letter.txt: Not a sound file.').waitFor();
  await drop(page, tone(2));
  await source(page).waitFor();
  await page.context().close();
});

test('a recording that is too long is trimmed', async () => {
  const page = await open();
  await drop(page, tone(125));
  await page.getByText('The first 2:00 of 2:05 are used.').waitFor();
  await page.getByRole('button', { name: 'Choose the part' }).click();
  await source(page).getByRole('button', { name: 'Keep 0:00.0 to 2:00.0' }).click();
  await source(page).getByText('2:00.0 ·').waitFor();
  await page.context().close();
});

test('a task that the engine refuses says why, and offers to trim', async () => {
  const page = await open();
  await drop(page, tone(2));
  await source(page).waitFor();
  await submit(page, 'refuse');
  await page.getByText('The recording is too long.').waitFor();
  await page.getByRole('button', { name: 'Trim the recording' }).click();
  await source(page).getByRole('slider', { name: 'Part to keep: start' }).waitFor();
  expect(await prompt(page).inputValue()).toBe('refuse');
  await page.context().close();
});

test('without credit the page says how to get some', async () => {
  const { id } = await site.running.service.accounts.create('poor', 'test');
  const { key } = await site.running.service.keys.create(id, 'test', 'test');
  const page = await open(key);
  await drop(page, tone(2));
  await source(page).waitFor();
  await submit(page);
  await page.getByText('Out of credit.').waitFor();
  await site.running.service.ledger.credit(id, 1e6, 'test');
  await page.getByRole('button', { name: 'Try again' }).click();
  await result(page).waitFor();
  await page.context().close();
});

test('a full queue is waited for; a run is cancelled', async () => {
  engine.hold();
  const page = await open();
  await drop(page, tone(2));
  await source(page).waitFor();
  await page.getByRole('group', { name: 'Variations' }).getByRole('button', { name: '4' }).click();
  await submit(page);
  await page.getByText('Step 2 of 8').waitFor();
  await page.getByText('next in line').waitFor();
  const full = page.getByText('The queue is full.');
  await expect.poll(() => full.count()).toBe(2);
  const running = page.locator('.lane.pending').filter({ hasText: 'Step 2 of 8' });
  await running.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Try now' }).first().click();
  await expect.poll(() => full.count()).toBe(1);
  engine.release();
  await expect.poll(() => page.locator('.lane.result').count()).toBe(2);
  await page.getByRole('button', { name: 'Try now' }).click();
  await expect.poll(() => page.locator('.lane.result').count()).toBe(3);
  await page.context().close();
});

test('too many requests are waited out', async () => {
  const { id } = await site.running.service.accounts.create('eager', 'test');
  await site.running.service.ledger.credit(id, 1e6, 'test');
  const { key } = await site.running.service.keys.create(id, 'test', 'test');
  const page = await open(key);
  await drop(page, tone(2));
  await source(page).waitFor();
  await site.running.service.accounts.setLimits(id, { requestsPerMinute: 1, concurrentTasks: null }, 'test');
  await submit(page);
  await page.getByText('Too many requests in a minute.').waitFor();
  await page.getByText(/Next try in \d+ s/).waitFor();
  await site.running.service.accounts.setLimits(id, { requestsPerMinute: null, concurrentTasks: null }, 'test');
  await page.getByRole('button', { name: 'Try now' }).click();
  await result(page).waitFor();
  await page.context().close();
});

test('a service for others asks for a key, again when it is unknown, and nothing typed is lost', async () => {
  const forOthers = await startService({ engine, settings: { RETONE_HOST: '0.0.0.0' } });
  const page = await openPage(site.browser, forOthers.url);
  const dialog = page.getByRole('dialog', { name: 'Connect this browser' });
  const give = async (key: string) => {
    await dialog.getByLabel('Key', { exact: true }).fill(key);
    await dialog.getByRole('button', { name: 'Use this key' }).click();
  };
  await prompt(page).fill('a bell');
  await drop(page, tone(2));
  await source(page).waitFor();
  // Nothing was asked for yet that needs a key.
  expect(await dialog.count()).toBe(0);
  await page.getByRole('button', { name: /^Transform/ }).click();
  await give('rt_unknown');
  await dialog.getByText('This service does not know that key.').waitFor();
  await give(forOthers.key);
  await result(page).waitFor();
  expect(await prompt(page).inputValue()).toBe('a bell');
  await page.context().close();
  await forOthers.close();
});

test('a service that is gone is waited for, through a reload, and nothing is lost', async () => {
  const page = await open();
  await drop(page, tone(3));
  await source(page).waitFor();
  await site.running.stop();
  await submit(page, 'still here');
  await page.getByText('The service does not answer.').waitFor();
  await site.running.start();
  await page.getByRole('button', { name: 'Try now' }).click();
  await result(page).waitFor();
  await page.reload();
  await result(page).waitFor();
  expect(await prompt(page).inputValue()).toBe('still here');
  await source(page).getByText('tone.wav').waitFor();
  await page.context().close();
});
