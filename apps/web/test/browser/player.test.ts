import type { Page } from 'playwright-core';
import { beforeEach, expect, test } from 'vitest';
import { drop, heard, openPage, prompt, result, source, tone } from '../page.ts';
import { siteForTests } from '../site.ts';
import { ToneEngine } from '../tone-engine.ts';

// What is heard: the source is a soft tone of 300 Hz, every result a loud one of 1 kHz.

let page: Page;
const engine = new ToneEngine();
const site = siteForTests({ engine });
beforeEach(async () => {
  await page?.context().close();
  page = await openPage(site.browser, site.running.page);
});

const pitch = async () => Math.round((await heard(page)).pitch / 50) * 50;
/** The level when it has settled: the analyser looks back for a fifth of a second. */
async function level(): Promise<number> {
  let latest = Number.NEGATIVE_INFINITY;
  await expect
    .poll(async () => {
      const before = latest;
      latest = (await heard(page)).level;
      return Math.abs(latest - before);
    })
    .toBeLessThan(0.05);
  return latest;
}
const position = () => page.getByLabel('Position in seconds').inputValue().then(Number);

async function make(seconds = 6, channels = 2): Promise<void> {
  await drop(page, tone(seconds, { channels }));
  await source(page).waitFor();
  await prompt(page).fill('a bell');
  await page.getByRole('button', { name: /^Transform/ }).click();
  // Its sound is there.
  await page.locator('.lane.result.heard').waitFor();
}

test.each([1, 2])('A with %i channels and B are switched in place, at one loudness', async (channels) => {
  await make(6, channels);
  await page.keyboard.press('Space');
  await expect.poll(pitch).toBe(1000);
  const loud = await level();
  const before = await position();
  await page.keyboard.press('a');
  await expect.poll(pitch).toBe(300);
  expect(await position()).toBeGreaterThanOrEqual(before);
  const soft = await level();
  // The K-weighting hears 300 Hz a little softer than 1 kHz, and no more.
  expect(Math.abs(loud - soft)).toBeLessThan(1);

  await page.keyboard.press('b');
  await expect.poll(pitch).toBe(1000);
  await page.getByRole('button', { name: /Same loudness/ }).click();
  await expect.poll(async () => (await heard(page)).level - loud).toBeGreaterThan(10);
});

test('a region that is dragged over is looped, for both', async () => {
  await make();
  const { x, y, width } = (await result(page).locator('.area').boundingBox())!;
  await page.mouse.move(x + width * 0.5, y + 20);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.6, y + 20, { steps: 6 });
  await page.mouse.up();
  await page.keyboard.press('Space');
  await expect.poll(position).toBeGreaterThanOrEqual(2.9);
  const seen: number[] = [];
  await expect
    .poll(async () => {
      seen.push(await position());
      // It has come round: a later look finds an earlier place.
      return seen.some((at, i) => i > 0 && at < seen[i - 1]!);
    })
    .toBe(true);
  expect(Math.min(...seen)).toBeGreaterThan(2.9);
  expect(Math.max(...seen)).toBeLessThan(3.7);
  await page.keyboard.press('a');
  await expect.poll(pitch).toBe(300);
  await page.keyboard.press('l');
  expect(await page.getByRole('button', { name: /^Loop/ }).getAttribute('aria-pressed')).toBe('false');
});

test('everything goes by keyboard alone', async () => {
  const tabTo = async (name: RegExp) => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press('Tab');
      const label = await page.evaluate(() => {
        const { activeElement: element } = document;
        return `${element?.getAttribute('aria-label') ?? ''} ${element?.textContent ?? ''} ${element?.id ? (document.querySelector(`label[for="${element.id}"]`)?.textContent ?? '') : ''}`;
      });
      if (name.test(label)) return;
    }
    throw new Error(`Tab does not come to ${name}`);
  };
  await tabTo(/Prompt/);
  await page.keyboard.type('a bell');
  await tabTo(/^ +Level$/);
  await page.keyboard.press('ArrowLeft');
  await tabTo(/Drum loop/);
  await page.keyboard.press('Enter');
  await source(page).waitFor();

  await tabTo(/\bTrim\b/);
  await page.keyboard.press('Enter');
  await tabTo(/Part to keep: end/);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('PageDown');
  await page.locator('textarea').focus();
  await page.keyboard.press('Shift+Tab');
  await tabTo(/Keep 0:00.0 to 0:02.9/);
  await page.keyboard.press('Enter');
  await source(page).getByText('0:02.9 ·').waitFor();

  await page.locator('textarea').focus();
  await page.keyboard.press('Control+Enter');
  await result(page).waitFor();
  expect((engine.requests.at(-1) as { initNoiseLevel: number }).initNoiseLevel).toBeCloseTo(0.49);
  await page.locator('main').focus();
  await page.keyboard.press('Space');
  await expect.poll(pitch).toBe(1000);
  await page.keyboard.press('Space');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await expect.poll(position).toBeCloseTo(1, 1);
  await page.keyboard.press('Shift+ArrowLeft');
  await expect.poll(position).toBeCloseTo(0.9, 1);
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Help' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('what the microphone hears becomes the source', async () => {
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await page.getByText('0:01.').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await source(page).getByText('Take').waitFor();
});

test('trimming is undone', async () => {
  await drop(page, tone(4));
  await source(page).getByRole('button', { name: 'Trim' }).click();
  const handle = source(page).getByRole('slider', { name: 'Part to keep: start' });
  await handle.focus();
  for (let i = 0; i < 2; i++) await page.keyboard.press('PageUp');
  await source(page)
    .getByRole('button', { name: /Keep 0:02.0 to 0:04.0/ })
    .click();
  await source(page).getByText('0:02.0 ·').waitFor();
  await page.reload();
  await source(page).getByRole('button', { name: 'Whole recording' }).click();
  await source(page).getByText('0:04.0 ·').waitFor();
});
