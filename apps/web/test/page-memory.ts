// How much memory the page takes for each result: node apps/web/test/page-memory.ts
// Linux only: the resident memory of the renderer comes from /proc. A tone stands for the engine.

import { readFileSync } from 'node:fs';
import { buildPage } from '../build.ts';
import { openBrowser } from './browser.ts';
import { drop, openPage, prompt, result, source, tone } from './page.ts';
import { startService } from './service.ts';
import { ToneEngine } from './tone-engine.ts';

const runs = 30;
const pageBytes = 4096;

await buildPage();
const running = await startService({ engine: new ToneEngine() });
const browser = await openBrowser();
try {
  const page = await openPage(browser, running.page);
  const devtools = await page.context().newCDPSession(page);
  const system = await browser.newBrowserCDPSession();
  const megabytes = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { processInfo } = await system.send('SystemInfo.getProcessInfo');
    const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
    const resident = renderers.map((id) => Number(readFileSync(`/proc/${id}/statm`, 'utf8').split(' ')[1]) * pageBytes);
    return resident.reduce((sum, bytes) => sum + bytes, 0) / 1e6;
  };
  await drop(page, tone(8));
  await source(page).waitFor();
  await prompt(page).fill('a bell');
  let before = 0;
  for (let run = 1; run <= runs; run++) {
    await page.locator('button.run').click();
    await result(page, run).locator('canvas').first().waitFor({ timeout: 120_000 });
    if (run === 2) before = await megabytes();
    if (run % 7 === 2) console.log(`after ${run} runs ${Math.round(await megabytes())} MB`);
  }
  const after = await megabytes();
  console.log(`${((after - before) / (runs - 2)).toFixed(2)} MB a run`);
  await source(page).getByRole('button', { name: 'Remove tone.wav' }).click();
  await page.waitForTimeout(2000);
  console.log(`with the recording removed ${Math.round(await megabytes())} MB`);
} finally {
  await browser.close();
  await running.close();
}
process.exit(0);
