import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findModel, openCheckpoint } from '@retone/checkpoint';
import { catalogueEntry, contractLimits, modelIds, modelOf } from '@retone/contract';
import { samplingDefaults } from '@retone/engine';
import { buildServiceWorker, viteBuild } from './build.ts';
import { writeDeviceFolder } from './device-folder.ts';
import { filesIn } from './files-in.ts';

// `npm run build:static [-- folder]` writes the page as a folder of files that any static host serves, from any path: the engine
// and the built-in model are in it, and nothing is asked of a service.

/** Builds the page for static hosts into a folder, which is emptied first. */
export async function buildStatic(folder: string): Promise<void> {
  await viteBuild(folder, 'static');
  writeDeviceFolder(join(folder, 'device'));
  const index = join(folder, 'index.html');
  writeFileSync(index, withData(readFileSync(index, 'utf8'), pageData(findModel())));
  // The engine's own files are kept when the page downloads them.
  const files = filesIn(folder)
    .toSorted()
    .filter((path) => !path.startsWith('device/') && path !== 'index.html');
  const hash = createHash('sha256');
  for (const path of filesIn(folder)) hash.update(`${path}\n`).update(readFileSync(join(folder, path)));
  await buildServiceWorker(folder, { name: `retone-${hash.digest('hex').slice(0, 16)}`, files: ['./', ...files] });
}

/** The data that the service would write into its page. */
function pageData(model: string): Record<string, unknown> {
  const checkpoint = openCheckpoint(model);
  checkpoint.close();
  const { config, words } = checkpoint;
  const { steps, guidanceScale } = samplingDefaults(config);
  const totalSeconds = Math.floor(config.sample_size / config.sample_rate);
  const maxSeconds = Math.min(totalSeconds, contractLimits.maxSeconds);
  const limits = { maxSeconds, totalSeconds, steps, guidanceScale };
  return {
    catalogue: modelIds.map((id) => catalogueEntry(modelOf(id, limits), 0)),
    settings: { alone: true, vocabulary: Object.keys(words?.nearest ?? {}) },
  };
}

function withData(html: string, data: Record<string, unknown>): string {
  return Object.entries(data).reduce((page, [id, value]) => {
    const json = JSON.stringify(value).replaceAll('<', '\\u003c');
    return page.replace(`<script type="application/json" id="${id}">null`, (tag) => tag.replace(/null$/, () => json));
  }, html);
}

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? join(import.meta.dirname, 'static'));
  await buildStatic(folder);
  const bytes = filesIn(folder).reduce((sum, path) => sum + statSync(join(folder, path)).size, 0);
  console.log(`${folder} has ${(bytes / 1e6).toFixed(1)} MB; any static host can serve it`);
}
