import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, test } from 'vitest';

test('a bundle for browsers needs no other package, and has at most 5 kB, compressed', async () => {
  const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url));
  const lib = { entry, formats: ['es' as const] };
  const made = await build({
    configFile: false,
    logLevel: 'silent',
    build: { write: false, minify: true, lib, rolldownOptions: { output: { minify: true } } },
  });
  const [{ output }] = made as unknown as [{ output: { code: string; imports: string[] }[] }];
  expect(output).toHaveLength(1);
  expect(output[0]!.imports).toEqual([]);
  const bytes = gzipSync(output[0]!.code).length;
  console.log(`client: ${bytes} bytes`);
  expect(bytes).toBeLessThanOrEqual(5000);
});
