// How fast the page is on a slow line and a slow machine: npm run page-speed
// Slow 3G as Chromium's developer tools have it (400 kbit/s each way, 2 s from request to answer), the processor at a quarter.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildPage } from '../build.ts';
import { openBrowser } from './browser.ts';
import { prompt, result, source } from './page.ts';
import { startService } from './service.ts';

const slow3G = { offline: false, downloadThroughput: 50_000, uploadThroughput: 50_000, latency: 2000 };
const fast = { offline: false, downloadThroughput: -1, uploadThroughput: -1, latency: 0 };
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;

await buildPage();
const running = await startService();
const browser = await openBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', slow3G);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await page.addInitScript(() => {
    const tasks: number[] = [];
    Object.assign(window, { longTasks: tasks });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    }).observe({ type: 'longtask', buffered: true });
  });
  const longest = async (what: string) => {
    const tasks = await page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0));
    console.log(`${what.padEnd(44)} longest task ${Math.round(Math.max(0, ...tasks))} ms`);
  };

  const started = performance.now();
  await page.goto(running.page, { waitUntil: 'commit' });
  await prompt(page).fill('warm analog synth pad');
  console.log(`${'open the page until a prompt can be typed'.padEnd(44)} ${seconds(performance.now() - started)}`);
  await page.waitForLoadState('networkidle');
  await longest('opening');

  // From here on the processor is slow, and the line is not: recordings are as large as they are.
  await devtools.send('Network.emulateNetworkConditions', fast);
  await page.getByRole('button', { name: 'Guitar riff' }).click();
  await source(page).waitFor();
  await page.waitForTimeout(2000);
  await longest('a recording of 8 s: waveform and spectrogram');
  await page.getByRole('button', { name: /^Transform/ }).click();
  await result(page).waitFor();
  await page.waitForTimeout(2000);
  await longest('a run and its result');
  await page.keyboard.press('Space');
  for (const key of ['a', 'b', 'a', 'b', 'l']) {
    await page.waitForTimeout(300);
    await page.keyboard.press(key);
  }
  await longest('playing, A/B and loop');
  const minutes = await page.evaluateHandle(() => {
    const bytes = new Uint8Array(44 + 120 * 44100 * 4);
    const view = new DataView(bytes.buffer);
    const text = (at: number, word: string) => bytes.set(new TextEncoder().encode(word), at);
    text(0, 'RIFF');
    view.setUint32(4, bytes.length - 8, true);
    text(8, 'WAVEfmt ');
    view.setUint32(16, 16, true);
    view.setUint16(20, 1, true);
    view.setUint16(22, 2, true);
    view.setUint32(24, 44100, true);
    view.setUint32(28, 44100 * 4, true);
    view.setUint16(32, 4, true);
    view.setUint16(34, 16, true);
    text(36, 'data');
    view.setUint32(40, bytes.length - 44, true);
    for (let i = 44; i < bytes.length; i++) bytes[i] = (i * 7919) & 63;
    const data = new DataTransfer();
    data.items.add(new File([bytes], 'long.wav'));
    return data;
  });
  await page.keyboard.press('Space');
  await longest('(making a recording of two minutes)');
  await page.locator('body').dispatchEvent('drop', { dataTransfer: minutes });
  await source(page).getByText('2:00.0').waitFor();
  await page.waitForTimeout(4000);
  await longest('a recording of 120 s: waveform and spectrogram');

  const folder = join(import.meta.dirname, '..', 'dist');
  const scripts = (await readdir(folder, { recursive: true })).filter((name) => /\.(js|html)$/.test(name));
  const sizes = await Promise.all(scripts.map(async (name) => gzipSync(await readFile(join(folder, name))).length));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`${'script and style, all of it, gzip'.padEnd(44)} ${Math.round(total / 1000)} kB`);
} finally {
  await browser.close();
  await running.close();
}
process.exit(0);
