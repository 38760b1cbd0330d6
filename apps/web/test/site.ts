import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Running, startService } from './service.ts';

/** A service with the page, and a browser: there while the tests of a file run. */
export function siteForTests(options?: Parameters<typeof startService>[0]): { running: Running; browser: Browser } {
  const site = {} as { running: Running; browser: Browser };
  beforeAll(async () => {
    [site.running, site.browser] = await Promise.all([startService(options), openBrowser()]);
  });
  afterAll(async () => {
    await site.browser?.close();
    await site.running?.close();
  });
  return site;
}
