import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts'],
    // Each file gets its own process: native code (ONNX Runtime, codecs) then cannot disturb another file's tests.
    pool: 'forks',
    globalSetup: 'apps/web/test/build.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
