import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'tools/test/**/*.test.ts',
      'release/test/*.test.ts',
      'integrations/test/*.test.ts',
    ],
    // Compiled models stay out of the user's own cache, and are used again by the next run.
    env: { RETONE_CACHE: join(tmpdir(), 'retone-test-cache') },
    // For machines where Chromium cannot be had; `.ci/run` sets it, and says so.
    exclude: process.env.RETONE_SKIP_BROWSER ? ['apps/web/test/browser/**'] : [],
    // Each file gets its own process: native code (ONNX Runtime, codecs) then cannot disturb another file's tests.
    pool: 'forks',
    // One for each core: vitest leaves one core to itself, which on two cores is half of the machine, and many tests wait for processes.
    maxWorkers: availableParallelism(),
    globalSetup: 'apps/web/test/build.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
