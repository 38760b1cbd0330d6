import { statSync } from 'node:fs';
import { join } from 'node:path';
import { writeDeviceFolder } from './device-folder.ts';
import { filesIn } from './files-in.ts';

const root = import.meta.dirname;
const packages = join(root, '../../packages');
/** Packages that are sources of the page's own engine. */
const engineRooms = ['common', 'contract', 'checkpoint', 'graph', 'runtime', 'engine'];

/** Builds the page of the service, unless what is built is newer than what it is built from. */
export async function buildPage(): Promise<void> {
  const built = modified(join(root, 'dist', 'sw.js'));
  const all = [
    ...[join(root, 'src'), ...engineRooms.map((room) => join(packages, room, 'src'))].flatMap((folder) =>
      filesIn(folder).map((path) => join(folder, path)),
    ),
    ...['index.html', 'vite.config.ts', 'build.ts', 'device-folder.ts', 'package.json'].map((name) => join(root, name)),
  ];
  if (all.every((file) => modified(file) < built)) return;
  console.log('building the page, which takes up to a minute');
  const folder = join(root, 'dist');
  await viteBuild(folder, 'production');
  writeDeviceFolder(join(folder, 'device'));
  await buildServiceWorker(folder, undefined);
}

/** Builds the page's HTML, scripts and styles. */
export function viteBuild(folder: string, mode: 'production' | 'static'): Promise<void> {
  return asProduction(async ({ build }) => {
    const configFile = join(root, 'vite.config.ts');
    await build({ root, mode, logLevel: 'warn', configFile, build: { outDir: folder, emptyOutDir: true } });
  });
}

/** Builds the service worker. @param offline the build's name, and the files that are kept for a page that works offline */
export function buildServiceWorker(
  folder: string,
  offline: { name: string; files: string[] } | undefined,
): Promise<void> {
  return asProduction(async ({ build }) => {
    await build({
      configFile: false,
      logLevel: 'warn',
      define: { __OFFLINE__: JSON.stringify(offline ?? null) },
      build: {
        outDir: folder,
        emptyOutDir: false,
        copyPublicDir: false,
        target: 'es2022',
        lib: { entry: join(root, 'src/device/service-worker.ts'), formats: ['es'], fileName: () => 'sw.js' },
      },
    });
  });
}

async function asProduction(work: (vite: typeof import('vite')) => Promise<void>): Promise<void> {
  // Vite takes the kind of React's build from here; a test runner has another value in it.
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    // Not installed by npm ci --omit=dev, where the page must have been built before.
    await work(await import('vite'));
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}

function modified(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (import.meta.main) await buildPage();
