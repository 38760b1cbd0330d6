import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { decodeAudio } from '@retone/audio';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { drop, heard, openPage, prompt, result, source } from '../page.ts';
import { siteForTests } from '../site.ts';

// The page over the real service and the built-in model.

let page: Page;
const site = siteForTests();
beforeAll(async () => {
  page = await openPage(site.browser, site.running.page);
});

const riff = fileURLToPath(new URL('../../../../examples/riff.wav', import.meta.url));
const wish = 'warm analog synth pad, slow, spacious';

test('a recording is dropped, transformed, heard, compared, downloaded, and found again', async () => {
  await drop(page, { name: 'my take.wav', mimeType: 'audio/wav', buffer: await readFile(riff) });
  await source(page).getByText('0:08.0').waitFor();
  await prompt(page).fill(wish);
  await page.getByLabel('Level', { exact: true }).fill('0.5');
  await page.getByRole('button', { name: /^Transform/ }).click();
  await page
    .getByText(/Step \d of 8|In the queue|Starting|Uploading|Submitting/)
    .first()
    .waitFor();
  await result(page).waitFor();

  // What came is decoded by the page's own audio engine; what it says of it is compared with the file itself.
  const [task] = (
    await site.running.service.tasks.list((await site.running.service.accounts.list())[0]!.id, { page: 1, pageSize: 9 })
  ).tasks;
  expect(task!.input).toMatchObject({ prompt: wish, init_noise_level: 0.5, duration: 8, output_format: 'flac' });
  await result(page).getByText(`0:08.0`).first().waitFor();
  await result(page).getByText(`seed ${task!.seed}`).first().waitFor();

  await page.locator('.lane.result.heard').waitFor();

  // Heard: what goes to the speakers is no silence, and goes on where it is when A and B are switched.
  await page.keyboard.press('Space');
  await expect.poll(async () => (await heard(page)).level).toBeGreaterThan(-50);
  const position = () => page.getByLabel('Position in seconds').inputValue().then(Number);
  await expect.poll(position).toBeGreaterThan(0.5);
  const before = await position();
  await page.keyboard.press('a');
  expect(
    await source(page)
      .getByRole('button', { name: /^Listen/ })
      .getAttribute('aria-pressed'),
  ).toBe('true');
  expect(await position()).toBeGreaterThanOrEqual(before);
  await page.keyboard.press('b');
  expect(
    await result(page)
      .getByRole('button', { name: /^Listen/ })
      .getAttribute('aria-pressed'),
  ).toBe('true');
  await expect.poll(async () => (await heard(page)).level).toBeGreaterThan(-50);
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();

  await result(page)
    .getByRole('button', { name: /^Download/ })
    .click();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'MP3' }).click();
  const file = await (await download).path();
  expect((await download).suggestedFilename()).toBe(`my-take_warm-analog-synth-pad-slow-spacious_${task!.seed}.mp3`);
  const { channels, sampleRate } = await decodeAudio(file);
  expect(channels[0]!.length / sampleRate).toBeCloseTo(8, 0);
  expect(channels[0]!.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)).toBeGreaterThan(0.01);

  // Nothing is lost by a reload, and by a restart of the service.
  await site.running.stop();
  await site.running.start();
  await page.reload();
  await result(page).getByText(`seed ${task!.seed}`).first().waitFor();
  await source(page).getByText('my take.wav').waitFor();
  expect(await prompt(page).inputValue()).toBe(wish);

  await page.getByRole('link', { name: 'History' }).click();
  await page.getByRole('searchbox').fill('synth pad');
  await page.getByRole('button', { name: `Play “${wish}”`, exact: true }).click();
  const element = page.locator('audio');
  await expect.poll(() => element.evaluate((audio: HTMLAudioElement) => audio.currentTime)).toBeGreaterThan(0.2);
  expect(await element.evaluate((audio: HTMLAudioElement) => audio.duration)).toBeCloseTo(8, 1);
  await page.getByRole('button', { name: `Play the source of “${wish}”` }).click();
  await page.getByRole('searchbox').fill('nothing like it');
  await page.getByText('Nothing matches.').waitFor();
  await page.getByRole('searchbox').fill('');
  await page.getByRole('button', { name: `Open “${wish}”` }).click();
  await result(page).getByText(`seed ${task!.seed}`).first().waitFor();
  await source(page).waitFor();
});

test('a result becomes the source, and variations stand under each other', async () => {
  await result(page)
    .getByRole('button', { name: /^Listen/ })
    .click();
  await result(page)
    .getByRole('button', { name: /^Send to/ })
    .click();
  await page.locator('.menu:popover-open').getByRole('button', { name: 'Transform' }).click();
  await source(page).getByText(wish).waitFor();
  await page.getByRole('group', { name: 'Variations' }).getByRole('button', { name: '2' }).click();
  await page.getByLabel('Length', { exact: true }).fill('2');
  await page.getByRole('button', { name: /^Transform/ }).click();
  await result(page, 2).waitFor();
  const seeds = await page.locator('.lane.result .name .facts').allTextContents();
  expect(new Set(seeds.map((text) => /seed (\d+)/.exec(text)![1])).size).toBe(2);
  // A result that is finished later takes over what is listened to.
  await expect
    .poll(async () => {
      await page.keyboard.press('2');
      return result(page, 2)
        .getByRole('button', { name: /^Listen/ })
        .getAttribute('aria-pressed');
    })
    .toBe('true');
});

test('a part is marked by dragging and made anew; the rest stays as it was', async () => {
  await page.getByRole('link', { name: 'Inpaint' }).click();
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('button', { name: 'Melody' }).click();
  await source(page).getByText('melody.wav').waitFor();
  const area = source(page).locator('.area');
  await area.waitFor();
  const { x, y, width } = (await area.boundingBox())!;
  await page.mouse.move(x + width * 0.25, y + 20);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.4, y + 20, { steps: 4 });
  await page.mouse.move(x + width * 0.5, y + 20, { steps: 4 });
  await page.mouse.up();
  const start = Number(await page.getByLabel('From, in seconds').inputValue());
  const end = Number(await page.getByLabel('To, in seconds').inputValue());
  expect(start).toBeCloseTo(6.4 * 0.25, 1);
  expect(end).toBeCloseTo(6.4 * 0.5, 1);
  await prompt(page).fill('a flute answers');
  await page.getByRole('button', { name: /^Fill in/ }).click();
  const flac = page.locator('.lane.result .menu a[href*="format=flac"]').first();
  await flac.waitFor({ state: 'attached' });

  const output = await page.evaluate(async () => {
    const link = document.querySelector<HTMLAnchorElement>('.lane.result .menu a[href*="format=flac"]')!;
    return [...new Uint8Array(await (await fetch(link.href)).arrayBuffer())];
  });
  const made = await decodeAudio(Uint8Array.from(output));
  const given = await decodeAudio(await readFile(new URL('../../../../examples/melody.wav', import.meta.url)), {
    channels: 2,
  });
  const difference = (from: number, to: number) => {
    let most = 0;
    for (let i = Math.round(from * 44100); i < Math.round(to * 44100); i++)
      most = Math.max(most, Math.abs(made.channels[0]![i]! - given.channels[0]![i]!));
    return most;
  };
  expect(difference(0, start - 0.2)).toBeLessThan(2 / 32768);
  expect(difference(end + 0.2, 6.3)).toBeLessThan(2 / 32768);
  expect(difference(start + 0.2, end - 0.2)).toBeGreaterThan(0.01);
});

test('the end of a recording is dragged out', async () => {
  await page.getByRole('link', { name: 'Extend' }).click();
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('button', { name: 'Drum loop' }).click();
  await source(page).getByText('drums.wav').waitFor();
  const handle = source(page).getByRole('slider', { name: 'Extended recording: end' });
  await handle.waitFor();
  const { x, y, width, height } = (await handle.boundingBox())!;
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x - 40, y + height / 2, { steps: 5 });
  await page.mouse.up();
  const after = Number(await page.getByLabel('After in seconds, exactly').inputValue());
  expect(after).toBeGreaterThan(1);
  expect(after).toBeLessThan(5);
  await prompt(page).fill('the drums go on');
  await page.getByRole('button', { name: 'Extend', exact: true }).click();
  await result(page)
    .getByText(`0:0${(4 + after).toFixed(1)}`)
    .first()
    .waitFor();
});

test('sound effects are made from a sentence', async () => {
  await page.getByRole('link', { name: 'Generate' }).click();
  await page.getByRole('button', { name: 'Sound effects' }).click();
  await page.getByLabel('Length in seconds, exactly').fill('2');
  await prompt(page).fill('rain on a tin roof');
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await result(page).getByText('0:02.0').first().waitFor();
  await page.getByRole('link', { name: 'API' }).click();
  await page.getByRole('group', { name: 'Verb' }).getByRole('button', { name: 'Generate' }).click();
  const request = page.getByRole('region', { name: 'Request in curl' });
  expect(await request.textContent()).toContain('"prompt": "rain on a tin roof"');
  expect(await request.textContent()).toContain('stable-audio-3/text-to-audio');
  expect(await page.getByRole('region', { name: 'Response as JSON' }).textContent()).toContain('"status": "completed"');
});

test('keys are made and revoked', async () => {
  await page.getByLabel('New key for').fill('laptop');
  await page.getByRole('button', { name: 'Create' }).click();
  const fresh = await page.locator('.fresh code').textContent();
  const balance = () =>
    fetch(`${site.running.url}/api/v3/balance`, { headers: { authorization: `Bearer ${fresh}` } }).then(
      ({ status }) => status,
    );
  expect(await balance()).toBe(200);
  await page.getByRole('button', { name: 'Revoke laptop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('laptop', { exact: true }).waitFor({ state: 'detached' });
  expect(await balance()).toBe(401);
});

test('a task of the history is run again with another seed, and deleted', async () => {
  await page.getByRole('link', { name: 'History' }).click();
  const rows = page.locator('.item').filter({ hasText: 'rain on a tin roof' });
  await rows.getByRole('button', { name: /^Run again/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Generate' }).waitFor();
  await result(page, 2).waitFor();
  await page.getByRole('link', { name: 'History' }).click();
  await rows.nth(1).waitFor();
  await rows
    .nth(1)
    .getByRole('button', { name: /^Delete/ })
    .click();
  await rows.nth(1).waitFor({ state: 'detached' });
  await page.reload();
  await rows.first().waitFor();
  expect(await rows.count()).toBe(1);
});
