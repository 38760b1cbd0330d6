import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { wavFile } from '../src/sound/wav.ts';

/** Listens where the page's sound leaves it: an analyser in front of the speakers. */
function tap(): void {
  const connect = AudioNode.prototype.connect as (this: AudioNode, target: AudioNode) => AudioNode;
  const taps = new Map<BaseAudioContext, AnalyserNode>();
  AudioNode.prototype.connect = function (this: AudioNode, target: AudioNode) {
    if (target instanceof AudioDestinationNode) {
      const known = taps.get(this.context) ?? new AnalyserNode(this.context, { fftSize: 8192 });
      taps.set(this.context, known);
      connect.call(this, known);
    }
    return connect.call(this, target);
  } as typeof AudioNode.prototype.connect;
  Object.assign(window, {
    heard() {
      const analyser = [...taps.values()].at(-1);
      if (!analyser) return { level: -Infinity, pitch: 0 };
      const samples = new Float32Array(analyser.fftSize);
      analyser.getFloatTimeDomainData(samples);
      const spectrum = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(spectrum);
      const loudest = spectrum.indexOf(Math.max(...spectrum));
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      return { level: 10 * Math.log10(power), pitch: (loudest * analyser.context.sampleRate) / analyser.fftSize };
    },
  });
}

/** What leaves the page for the speakers: its level in dB and its strongest pitch in Hz. */
export function heard(page: Page): Promise<{ level: number; pitch: number }> {
  return page.evaluate(() => (window as unknown as { heard(): { level: number; pitch: number } }).heard());
}

/** Opens the page in a browser profile of its own, and fails the test at the first error in it. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  await page.addInitScript(tap);
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

/** A recording of a tone, as a file to be dropped. */
export function tone(
  seconds: number,
  { pitch = 300, level = 0.1, channels = 2 } = {},
): { name: string; mimeType: string; buffer: Buffer } {
  const channel = Float32Array.from(
    { length: seconds * 44100 },
    (_, i) => level * Math.sin((2 * Math.PI * pitch * i) / 44100),
  );
  return {
    name: 'tone.wav',
    mimeType: 'audio/wav',
    buffer: Buffer.from(wavFile(Array(channels).fill(channel), 44100)),
  };
}

/** Drops files onto the page. */
export async function drop(page: Page, ...files: { name: string; mimeType: string; buffer: Buffer }[]): Promise<void> {
  const transfer = await page.evaluateHandle(
    (all) => {
      const data = new DataTransfer();
      for (const { name, mimeType, base64 } of all) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        data.items.add(new File([bytes], name, { type: mimeType }));
      }
      return data;
    },
    files.map(({ name, mimeType, buffer }) => ({ name, mimeType, base64: buffer.toString('base64') })),
  );
  await page.locator('body').dispatchEvent('drop', { dataTransfer: transfer });
}

export const source = (page: Page) => page.getByRole('region', { name: 'Source' });
/** A result by its mark; the newest stands first. */
export const result = (page: Page, number = 1) => page.locator(`.lane.result[aria-label="Result ${number}"]`);
export const prompt = (page: Page) => page.getByRole('textbox', { name: 'Prompt' });
