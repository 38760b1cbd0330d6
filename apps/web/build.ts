import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = import.meta.dirname;

/** Builds the page, unless what is built is newer than what it is built from. */
export async function buildPage(): Promise<void> {
  const built = modified(join(root, 'dist', 'index.html'));
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const all = [
    ...sources,
    join(root, '../../packages/engine/src/loudness/loudness.ts'),
    ...['index.html', 'vite.config.ts', 'build.ts', 'package.json'].map((name) => join(root, name)),
  ];
  if (all.every((file) => modified(file) < built)) return;
  console.log('building the page, which takes up to a minute');
  // Vite takes the kind of React's build from here; a test runner has another value in it.
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    // Not installed by npm ci --omit=dev, where the page must have been built before.
    const { build } = await import('vite');
    await build({ root, logLevel: 'warn', configFile: join(root, 'vite.config.ts') });
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}

function modified(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (import.meta.main) await buildPage();
