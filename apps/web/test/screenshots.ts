// Pictures of every view at five widths, light and dark: npm run screenshots -- <folder>
// With --readme only the one that README shows.

import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { buildPage } from '../build.ts';
import { openBrowser } from './browser.ts';
import { drop, openPage, prompt, result, source } from './page.ts';
import { startService } from './service.ts';

const sizes = [
  { width: 390, height: 844 },
  { width: 768, height: 1024 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
  { width: 2560, height: 1440 },
];
const root = resolve(import.meta.dirname, '../../..');
const example = async (name: string) => ({
  name,
  mimeType: 'audio/wav',
  buffer: await readFile(join(root, 'examples', name)),
});

/** Waits until waveforms and spectrograms are drawn. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForLoadState('networkidle');
  await page.waitForTimeout(700);
}

async function transformed(page: Page, variations: number): Promise<void> {
  await drop(page, await example('riff.wav'));
  await source(page).waitFor();
  await prompt(page).fill('warm analog synth pad, slow, spacious');
  await page.getByLabel('Level', { exact: true }).fill('0.7');
  await page.getByText('Fine tuning').click();
  await page.getByLabel('Seed', { exact: true }).fill('7');
  await page.getByText('Fine tuning').click();
  await page
    .getByRole('group', { name: 'Variations' })
    .getByRole('button', { name: String(variations) })
    .click();
  await page.getByRole('button', { name: 'Transform', exact: true }).click();
  await result(page, variations).waitFor();
  await page.getByLabel('Position in seconds').fill('2.4');
  await page.locator('main').focus();
  await page.evaluate(() => {
    window.scrollTo(0, 0);
  });
  await drawn(page);
}

async function views(browser: Browser, url: string, folder: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const viewport of sizes) {
      const page = await openPage(browser, url, { colorScheme, viewport });
      const shoot = async (name: string) => {
        await drawn(page);
        const path = join(folder, `${name}-${viewport.width}-${colorScheme}.png`);
        await page.screenshot({ path, fullPage: viewport.width < 1000 });
      };
      await shoot('transform-empty');
      await transformed(page, 2);
      await shoot('transform');
      await source(page).getByRole('button', { name: 'Trim' }).click();
      await shoot('transform-trim');
      await page.getByRole('button', { name: 'Cancel trimming' }).click();
      await page.getByRole('link', { name: 'Generate' }).click();
      await shoot('generate');
      for (const [view, words] of [
        ['Inpaint', 'a flute answers'],
        ['Extend', 'the band comes in'],
      ] as const) {
        await page.getByRole('link', { name: view }).click();
        const name = view === 'Inpaint' ? 'melody.wav' : 'drums.wav';
        await drop(page, await example(name));
        await source(page).getByText(name).waitFor();
        await prompt(page).fill(words);
        await page.locator('button.run').click();
        await result(page).waitFor();
        await shoot(view.toLowerCase());
      }
      for (const view of ['History', 'Models', 'API']) {
        await page.getByRole('link', { name: view, exact: true }).click();
        await shoot(view.toLowerCase());
      }
      await page.getByRole('button', { name: 'Keys and help' }).click();
      await shoot('help');
      await page.context().close();
    }
  }
}

async function readme(browser: Browser, url: string): Promise<void> {
  const page = await openPage(browser, url, { colorScheme: 'light', viewport: { width: 1120, height: 800 } });
  await transformed(page, 1);
  await page.screenshot({ path: join(root, 'docs', 'images', 'playground.png') });
}

await buildPage();
const [argument] = process.argv.slice(2);
if (!argument) {
  console.error('usage: npm run screenshots -- <folder> | --readme');
  process.exit(2);
}
const running = await startService();
const browser = await openBrowser();
try {
  if (argument === '--readme') await readme(browser, running.page);
  else {
    await mkdir(argument, { recursive: true });
    await views(browser, running.page, argument);
  }
} finally {
  await browser.close();
  await running.close();
}
process.exit(0);
