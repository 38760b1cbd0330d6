import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { drop, openPage, prompt, result, source, tone } from '../page.ts';
import { siteForTests } from '../site.ts';
import { ToneEngine } from '../tone-engine.ts';

// What goes wrong only when several things meet: failed runs and good ones, two models, many runs at once.

let page: Page;
const engine = new ToneEngine();
const site = siteForTests({ engine });
beforeEach(async () => {
  page = await openPage(site.browser, site.running.page);
});
afterEach(async () => {
  engine.release();
  await page.context().close();
});

async function transform(words: string): Promise<void> {
  await prompt(page).fill(words);
  await page.getByRole('button', { name: /^Transform/ }).click();
}

const latest = async () => {
  const [account] = await site.running.service.accounts.list();
  return (await site.running.service.tasks.list(account!.id, { page: 1, pageSize: 1 })).tasks[0]!;
};

test('keys hear the result whose mark they are, also beside a run that failed', async () => {
  await drop(page, tone(2));
  await source(page).waitFor();
  await transform('refuse');
  await page.getByText('The recording is too long.').waitFor();
  await transform('a bell');
  await result(page, 2).waitFor();
  await page.locator('main').focus();
  await page.keyboard.press('a');
  const heard = () => page.locator('.mark[aria-pressed=true]').textContent();
  await page.keyboard.press('1');
  expect(await heard()).toBe('Listen to A');
  await page.keyboard.press('2');
  expect(await heard()).toBe('Listen to 2');
});

test('another seed is another of the same model, whichever is chosen now', async () => {
  await page.getByRole('link', { name: 'Generate' }).click();
  await page.getByLabel('Length in seconds, exactly').fill('2');
  await prompt(page).fill('a harp');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await result(page).waitFor();
  const { model } = await latest();
  await page.getByRole('button', { name: 'Sound effects' }).click();
  await result(page).getByRole('button', { name: 'Another seed' }).click();
  await result(page, 2).waitFor();
  expect((await latest()).model).toBe(model);
});

test('a task whose recording is not kept is not run again with another one', async () => {
  const audio = `data:audio/wav;base64,${tone(2).buffer.toString('base64')}`;
  const answer = await fetch(`${site.running.url}/api/v3/stability-ai/stable-audio-3/audio-to-audio`, {
    method: 'POST',
    headers: { authorization: `Bearer ${site.running.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ audio, prompt: 'from a program', enable_sync_mode: true }),
  });
  expect(answer.status).toBe(200);
  await drop(page, tone(5));
  await source(page).waitFor();
  const { id } = await latest();
  await page.getByRole('link', { name: 'History' }).click();
  const item = page.locator('.item').filter({ hasText: 'from a program' });
  await item.getByRole('button', { name: 'Run again' }).click();
  await page.getByText('The recording is not kept here.').waitFor();
  expect(await prompt(page).inputValue()).toBe('from a program');
  expect((await latest()).id).toBe(id);
});

test('the microphone is let go when the musician goes elsewhere', async () => {
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      const stream = await open(constraints);
      Object.assign(window, { microphone: stream.getTracks()[0] });
      return stream;
    };
  });
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  await page.getByRole('link', { name: 'History' }).click();
  const state = () =>
    page.evaluate(() => (window as unknown as { microphone: MediaStreamTrack }).microphone.readyState);
  await expect.poll(state).toBe('ended');
});

test('a drag of a few pixels makes no loop', async () => {
  await drop(page, tone(4));
  await source(page).waitFor();
  const { x, y } = (await source(page).locator('.area').boundingBox())!;
  await page.mouse.move(x + 200, y + 20);
  await page.mouse.down();
  await page.mouse.move(x + 205, y + 20);
  await page.mouse.up();
  expect(await page.getByRole('button', { name: /^Loop/ }).getAttribute('aria-pressed')).toBe('false');
});

test('a number is typed over what stands there', async () => {
  await page.getByRole('link', { name: 'Generate' }).click();
  const field = page.getByLabel('Length in seconds, exactly');
  await field.focus();
  await page.keyboard.press('End');
  for (const _ of await field.inputValue()) await page.keyboard.press('Backspace');
  await page.keyboard.type('12');
  await page.keyboard.press('Tab');
  expect(await field.inputValue()).toBe('12');
  expect(await page.getByLabel('Length', { exact: true }).inputValue()).toBe('12');
});

test('the position follows the sound where it has the focus', async () => {
  await drop(page, tone(6));
  await source(page).waitFor();
  await page.locator('main').focus();
  await page.keyboard.press('Space');
  const position = page.getByLabel('Position in seconds');
  await position.focus();
  const before = Number(await position.inputValue());
  await expect.poll(() => position.inputValue().then(Number)).toBeGreaterThan(before + 0.3);
});

test('a dialog gives the focus back', async () => {
  const help = page.getByRole('button', { name: 'Keys and help' });
  await help.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await help.evaluate((element) => element === document.activeElement)).toBe(true);
});

test('the page works at a plain http address of a network', async () => {
  const lan = await openPage(site.browser, site.running.url.replace('127.0.0.1', 'retone.test'));
  expect(await lan.evaluate(() => isSecureContext)).toBe(false);
  await drop(lan, tone(2));
  await source(lan).waitFor();
  await prompt(lan).fill('a bell');
  await lan.getByRole('button', { name: /^Transform/ }).click();
  await lan.getByRole('dialog').getByLabel('Key', { exact: true }).fill(site.running.key);
  await lan.getByRole('button', { name: 'Use this key' }).click();
  await result(lan).waitFor();
  await lan.getByRole('link', { name: 'API' }).click();
  await lan.getByRole('button', { name: 'Copy request in curl' }).click();
  await lan.getByRole('button', { name: 'Copy request in curl' }).getByText('Copied').waitFor();
  await lan.context().close();
});

test('what the model did not read of a prompt stands beside the result, and in the history', async () => {
  await drop(page, tone(2));
  await source(page).waitFor();
  await transform('a harp');
  await result(page).waitFor();
  const note = 'The model does not know the words: qwertz.';
  expect(await page.getByText(note).count()).toBe(0);
  await transform('a harp, qwertz');
  await result(page, 2).getByText(note).waitFor();
  await page.getByRole('link', { name: 'History' }).click();
  await page.getByText(note).waitFor();
});

test('a page without a key opens without a dialog, and asks when something needs one', async () => {
  const fresh = await openPage(site.browser, site.running.url);
  await Promise.all([fresh.waitForResponse('**/playground/session'), fresh.reload()]);
  expect(await fresh.getByRole('dialog').count()).toBe(0);
  await fresh.getByRole('link', { name: 'History' }).click();
  await fresh.getByRole('dialog', { name: 'Connect this browser' }).waitFor();
  await fresh.context().close();
});

// The last one: what it leaves in the queue is in nobody's way.
test('a run is cancelled at once however many there are', async () => {
  engine.hold();
  await drop(page, tone(2));
  await source(page).waitFor();
  await page.getByRole('group', { name: 'Variations' }).getByRole('button', { name: '4' }).click();
  await transform('a bell');
  await page.locator('.lane.pending').nth(3).waitFor();
  await transform('a gong');
  await expect.poll(() => page.getByText('In the queue').count()).toBe(7);
  await page.locator('.lane.pending').nth(5).getByRole('button', { name: 'Cancel' }).click();
  await expect.poll(() => page.locator('.lane.pending').count()).toBe(7);
});
