import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { drop, openPage, prompt, result, source, tone } from '../page.ts';
import { siteForTests } from '../site.ts';
import { ToneEngine } from '../tone-engine.ts';

// Faults that musicians found, each with its whole kind.

let page: Page;
const engine = new ToneEngine();
const site = siteForTests({ engine });
beforeEach(async () => {
  page = await openPage(site.browser, site.running.page, { viewport: { width: 1280, height: 800 } });
});
afterEach(async () => {
  engine.release();
  await page.context().close();
});

const run = () => page.getByRole('button', { name: /^Transform( \d+ %)?$/ });
async function transform(words: string): Promise<void> {
  await prompt(page).fill(words);
  await run().click();
}
async function load(seconds = 3): Promise<void> {
  await drop(page, tone(seconds));
  await source(page).waitFor();
}
const tasks = async () => {
  const [account] = await site.running.service.accounts.list();
  return (await site.running.service.tasks.list(account!.id, { page: 1, pageSize: 50 })).tasks;
};

test('source, prompt and level are seen without scrolling, and no money', async () => {
  await load();
  for (const each of [source(page), prompt(page), page.getByLabel('Level', { exact: true }), run()]) {
    const box = (await each.boundingBox())!;
    expect(box.y + box.height).toBeLessThanOrEqual(800);
  }
  expect(await page.locator('#root').textContent()).not.toContain('$');
  expect(await page.getByLabel('Loras').count()).toBe(0);
  const excess = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
  expect(excess).toBeLessThanOrEqual(0);
});

test('progress shows at once where the eye is: in the button, under the source, in the title and the icon', async () => {
  await load();
  await prompt(page).fill('a bell');
  engine.hold();
  const frames = await page.evaluate(async () => {
    document.querySelector<HTMLButtonElement>('button.run')!.click();
    let count = 0;
    for (; !document.querySelector('.lane.pending'); count++) await new Promise(requestAnimationFrame);
    return count;
  });
  // Less than 100 ms, whatever else the machine does.
  expect(frames).toBeLessThanOrEqual(5);
  await page.locator('.lane.pending').getByText('Step 2 of 8').waitFor();
  await page.getByRole('button', { name: /^Transform 2\d %$/ }).waitFor();
  await expect.poll(() => page.title()).toMatch(/^2\d % · Transform · Retone$/);
  expect(await page.locator('link[rel=icon]').getAttribute('href')).toMatch(/^data:image\/png/);
  const [above, lane] = await Promise.all([source(page).boundingBox(), page.locator('.lane.pending').boundingBox()]);
  expect(lane!.y - (above!.y + above!.height)).toBeLessThan(20);
  // The half-made result can be listened to.
  await page.getByRole('button', { name: 'Play the preview of result 1' }).waitFor();
  engine.release();
  await result(page).waitFor();
  await expect.poll(() => page.title()).toBe('Transform · Retone');
});

test('a double click makes one run; a run that is cancelled at once does not run on', async () => {
  await load();
  await prompt(page).fill('once');
  await run().dblclick();
  await result(page).waitFor();
  expect((await tasks()).filter(({ input }) => input.prompt === 'once')).toHaveLength(1);
  engine.hold();
  await prompt(page).fill('never');
  await page.evaluate(async () => {
    document.querySelector<HTMLButtonElement>('button.run')!.click();
    while (!document.querySelector('button.cancel')) await new Promise(requestAnimationFrame);
    document.querySelector<HTMLButtonElement>('button.cancel')!.click();
  });
  await page.locator('.lane.pending').waitFor({ state: 'detached' });
  const open = async () =>
    (await tasks()).filter(({ status }) => status === 'created' || status === 'processing').length;
  await expect.poll(open).toBe(0);
  engine.release();
  expect((await tasks()).filter(({ input, status }) => input.prompt === 'never' && status === 'completed')).toEqual([]);
});

test('a result says what it was made with, and a press puts it back', async () => {
  await load();
  await page.getByLabel('Level, exactly').fill('0.35');
  await transform('a long prompt that is read whole beside its result, however narrow the lane is');
  await result(page).waitFor();
  await page.getByLabel('Level, exactly').fill('0.8');
  const made = result(page).getByRole('group', { name: /^Made with/ });
  for (const text of ['level 0.35', '8 steps', 'guidance 1', 'audio-to-audio']) await made.getByText(text).waitFor();
  await result(page).getByText('“a long prompt that is read whole beside its result').waitFor();
  await made.getByRole('button', { name: 'level 0.35' }).click();
  expect(await page.getByLabel('Level, exactly').inputValue()).toBe('0.35');
  await made.getByRole('button', { name: /^seed/ }).click();
  await page.locator('summary').click();
  expect(await page.getByLabel('Seed', { exact: true }).inputValue()).toMatch(/^\d+$/);
});

test('length and regions belong to their recording', async () => {
  await drop(page, { ...tone(2), name: 'short.wav' }, { ...tone(6), name: 'long.wav' });
  const tabs = page.getByRole('list', { name: 'Recordings' }).getByRole('button');
  await expect.poll(() => tabs.count()).toBe(2);
  await page.getByLabel('Length in seconds, exactly').fill('1.5');
  await tabs.filter({ hasText: 'long.wav' }).click();
  await expect.poll(() => page.getByLabel('Length in seconds, exactly').inputValue()).toBe('6');
  await page.getByRole('link', { name: 'Inpaint' }).click();
  await page.getByLabel('To, in seconds').fill('5');
  await tabs.filter({ hasText: 'short.wav' }).click();
  await expect.poll(() => page.getByLabel('To, in seconds').inputValue()).toBe('1.3');
  await prompt(page).fill('a harp');
  await page.getByRole('button', { name: 'Fill in', exact: true }).click();
  await result(page).waitFor();
});

test('many results fit on a phone; the current view and every field can be used there', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await load();
  await page.getByRole('group', { name: 'Variations' }).getByRole('button', { name: '8' }).click();
  await transform('a bell');
  for (let i = 1; i <= 8; i++) await result(page, i).waitFor();
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(await overflow()).toBeLessThanOrEqual(0);
  await page.getByLabel('Listening to').selectOption({ label: '3: result 3' });
  await expect.poll(() => page.locator('.lane.heard').getAttribute('aria-label')).toBe('Result 3');
  const size = await prompt(page).evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize));
  expect(size).toBeGreaterThanOrEqual(16);
  const form = (await page.locator('.controls').boundingBox())!;
  expect(form.y).toBeLessThan((await source(page).boundingBox())!.y);
  const small = await page
    .locator('.lane.heard button:visible, .go button:visible')
    .evaluateAll(
      (buttons) =>
        buttons.filter((button) => button.getBoundingClientRect().height < 44 && !button.matches('.title')).length,
    );
  expect(small).toBe(0);
  await page.goto(`${site.running.url}/#/api`);
  const tab = (await page.getByRole('link', { name: 'API', exact: true }).boundingBox())!;
  expect(tab.x).toBeGreaterThanOrEqual(0);
  expect(tab.x + tab.width).toBeLessThanOrEqual(390);
});

test('marks stay when another result is removed, and the loop keeps its region', async () => {
  await load(6);
  await page.getByRole('group', { name: 'Variations' }).getByRole('button', { name: '2' }).click();
  await transform('a bell');
  await result(page, 2).waitFor();
  await result(page, 1)
    .getByRole('button', { name: /^Listen/ })
    .click();
  await result(page, 1).getByRole('button', { name: 'Remove a bell' }).click();
  await result(page, 1).waitFor({ state: 'detached' });
  await result(page, 2).waitFor();
  const { x, y, width } = (await source(page).locator('.area').boundingBox())!;
  await page.mouse.move(x + width * 0.25, y + 20);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.5, y + 20, { steps: 4 });
  await page.mouse.up();
  const start = source(page).getByRole('slider', { name: 'Loop: start' });
  const before = await start.getAttribute('aria-valuenow');
  await page.locator('main').focus();
  await page.keyboard.press('l');
  expect(await start.count()).toBe(0);
  await page.keyboard.press('l');
  expect(await start.getAttribute('aria-valuenow')).toBe(before);
});

test('what is no sound stays on this side, and says what it is', async () => {
  let uploads = 0;
  page.on('request', (request) => {
    if (request.url().includes('/media/upload')) uploads++;
  });
  await drop(page, { name: 'score.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7 a score') });
  await page.getByText('score.pdf: Not a sound file.').waitFor();
  const broken = { name: 'broken.wav', mimeType: 'audio/wav', buffer: tone(1).buffer.subarray(0, 100) };
  await drop(page, broken);
  await page.getByText('broken.wav: Not a sound file.').waitFor();
  expect(uploads).toBe(0);
  expect(await source(page).count()).toBe(0);
});

test('the grips of trimming can be reached over a waveform, and an example leaves the keys working', async () => {
  await page.getByRole('button', { name: 'Drum loop' }).focus();
  await page.keyboard.press('Enter');
  await source(page).waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('main');
  await page.getByRole('button', { name: 'Display' }).click();
  await page.locator('.menu:popover-open').getByRole('button', { name: 'Waveform' }).click();
  await page.keyboard.press('Escape');
  await source(page).getByRole('button', { name: 'Trim' }).click();
  const handle = source(page).getByRole('slider', { name: 'Part to keep: end' });
  const reached = await handle.evaluate((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2) === element;
  });
  expect(reached).toBe(true);
});

test('clock and ruler of Extend count from the recording, and its room is no sound', async () => {
  await load(4);
  await page.getByRole('link', { name: 'Extend' }).click();
  await source(page).waitFor();
  await expect.poll(() => page.locator('.transport .clock').textContent()).toMatch(/\/ 0:04\.0$/);
  await page.getByLabel('Position in seconds').fill('0');
  await expect.poll(() => page.locator('.transport .clock').textContent()).toMatch(/^−/);
});

test('a task that is deleted leaves the bench too, until it is undone', async () => {
  await load();
  await transform('to be deleted');
  await result(page).waitFor();
  await page.getByRole('link', { name: 'History' }).click();
  await page.getByText('Nothing is deleted unless you delete it.').waitFor();
  const row = page.locator('.item').filter({ hasText: 'to be deleted' });
  await page.getByRole('searchbox').fill('tone.wav');
  await row.getByText('from tone.wav').waitFor();
  await row.getByRole('button', { name: /^Delete/ }).click();
  await row.waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Transform' }).click();
  expect(await result(page).count()).toBe(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await result(page).waitFor();
  await page.getByRole('link', { name: 'History' }).click();
  await row.waitFor();
  expect(await page.getByRole('searchbox').inputValue()).toBe('tone.wav');
});

test('the API reference is shown without a complaint', async () => {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(`${site.running.url}/docs`);
  await page.getByText('/api/v3/predictions').first().waitFor();
  expect(complaints).toEqual([]);
});

test('the example for curl waits for the result, as the others do', async () => {
  await page.getByRole('link', { name: 'API' }).click();
  const request = page.getByRole('region', { name: 'Request in curl' });
  expect(await request.textContent()).toContain('"enable_sync_mode": true');
  expect(await page.locator('main').textContent()).not.toContain('`');
});
