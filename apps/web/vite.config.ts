import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

const service = process.env.RETONE_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: './',
  plugins: [react(), inlineEntry(), precompress()],
  // ONNX Runtime with its WebAssembly apart: device-folder.ts writes that. The others are Vite's own.
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions] },
  build: {
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
    rolldownOptions: { output: { entryFileNames: '[name].js' } },
  },
  worker: { format: 'es' },
  server: {
    fs: { allow: ['../..'] },
    proxy: Object.fromEntries(
      ['/api', '/files', '/playground', '/docs'].map((path) => [path, { target: service, changeOrigin: false }]),
    ),
  },
});

/**
 * Puts the page's own script and style into its HTML: on a slow line each request costs seconds, and so the page is there
 * after one. What is loaded later must not import from the script, which would then be loaded twice.
 */
function inlineEntry(): Plugin {
  return {
    name: 'inline-entry',
    apply: 'build',
    async writeBundle({ dir }, bundle) {
      const files = Object.values(bundle);
      const entry = files.find((file) => file.type === 'chunk' && file.isEntry);
      if (!dir || entry?.type !== 'chunk') throw new Error('the page has no script');
      for (const file of files) {
        if (file.type === 'chunk' && file.imports.includes(entry.fileName)) {
          throw new Error(`${file.fileName} imports from ${entry.fileName}, which is part of the page`);
        }
      }
      const script = entry.code.replace(/<\/(script)/gi, '<\\/$1').replace(/<!--/g, '<\\!--');
      let html = await readFile(join(dir, 'index.html'), 'utf8');
      html = html.replace(/<script type="module"[^>]*src="[^"]*"><\/script>/, '');
      html = html.replace('</body>', () => `<script type="module">${script}</script></body>`);
      await rm(join(dir, entry.fileName));
      for (const file of files) {
        if (file.type !== 'asset' || !file.fileName.endsWith('.css')) continue;
        const css = String(file.source).replace(/url\((?:\.\/)?(?=[\w-]+\.woff2)/g, 'url(assets/');
        html = html.replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${css}</style>`);
        await rm(join(dir, file.fileName));
      }
      await writeFile(join(dir, 'index.html'), html);
    },
  };
}

/** Writes compressed files beside those that get smaller by it. */
function precompress(): Plugin {
  let folder: string;
  return {
    name: 'precompress',
    // A static host serves files as they are.
    apply: ({ mode }, { command }) => command === 'build' && mode !== 'static',
    configResolved({ root, build }) {
      folder = resolve(root, build.outDir);
    },
    async closeBundle() {
      for (const name of await readdir(folder, { recursive: true })) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const bytes = await readFile(join(folder, name));
        await writeFile(join(folder, `${name}.br`), await promisify(brotliCompress)(bytes));
        await writeFile(join(folder, `${name}.gz`), await promisify(gzip)(bytes, { level: 9 }));
      }
    },
  };
}
