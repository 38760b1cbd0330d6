import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = [
  process.env.RETONE_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** What keeps Chromium quiet and able to run anywhere, with a microphone that hums. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  // An address that is not this machine's own, as browsers see it: pages there get less.
  '--host-resolver-rules=MAP retone.test 127.0.0.1',
];

/** Starts the system's Chromium. @throws when there is none, with how to install it */
export function openBrowser(): Promise<Browser> {
  const executablePath = places.find((place) => place && existsSync(place));
  if (!executablePath) {
    throw new Error(
      'There is no Chromium here. Install it (Debian: apt-get install chromium; macOS: brew install --cask chromium), or name ' +
        'one in RETONE_CHROMIUM.',
    );
  }
  return chromium.launch({ executablePath, args });
}
