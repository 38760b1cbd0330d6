import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { drop, openPage, prompt, result, source, tone } from '../page.ts';
import { siteForTests } from '../site.ts';
import { ToneEngine } from '../tone-engine.ts';

let axe: string;
const engine = new ToneEngine();
const site = siteForTests({ engine });
beforeAll(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
});

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What breaks WCAG 2.2 AA in the page as it is now. */
async function violations(page: Page): Promise<string[]> {
  const { violations } = (await page.evaluate(
    (values) =>
      (window as unknown as { axe: typeof import('axe-core') }).axe.run(document, { runOnly: { type: 'tag', values } }),
    tags,
  )) as AxeResults;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
  );
}

test.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 360],
] as const)('no view breaks WCAG 2.2 AA: %s, %i px', async (colorScheme, width) => {
  const page = await openPage(site.browser, site.running.page, { colorScheme, viewport: { width, height: 800 } });
  await page.evaluate(axe);
  const check = async (view: string) => expect(await violations(page), view).toEqual([]);
  await check('transform, empty');
  await page.getByRole('button', { name: /^Transform/ }).click();
  await check('transform, what is missing');
  await page.locator('summary').click();
  await drop(page, tone(4));
  await source(page).waitFor();
  await prompt(page).fill('a bell');
  engine.hold();
  await page.getByRole('button', { name: /^Transform/ }).click();
  await page.getByText('Step 2 of 8').waitFor();
  await check('transform, working');
  engine.release();
  await result(page).waitFor();
  await page.getByRole('button', { name: /^Loop/ }).click();
  await check('transform, result');
  await result(page)
    .getByRole('button', { name: /^Download/ })
    .click();
  await check('transform, formats');
  await page.keyboard.press('Escape');
  await source(page).getByRole('button', { name: 'Trim' }).click();
  await check('transform, trimming');
  for (const view of ['Generate', 'Inpaint', 'Extend', 'History', 'Models', 'API']) {
    await page.getByRole('link', { name: view, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: view }).waitFor();
    if (view === 'Inpaint' || view === 'Extend') {
      await drop(page, tone(4));
      await source(page).waitFor();
    }
    if (view === 'History') await page.locator('.item').first().waitFor();
    if (view === 'API') await page.getByText('this page', { exact: true }).waitFor();
    await check(view);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow, `${view} is wider than the screen`).toBeLessThanOrEqual(0);
  }
  await page.getByRole('button', { name: 'Keys and help' }).click();
  await check('help');
  await page.context().close();
});
