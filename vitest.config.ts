/** How the tests run: in forked processes, two files at a time, without the network. */

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/network-guard.ts'],
    testTimeout: 15_000,
    hookTimeout: 30_000,
    allowOnly: false,
    unstubEnvs: true,
    unstubGlobals: true,
    coverage: { provider: 'v8', include: ['src/**', 'routes/**', 'providers/**'], reportsDirectory: 'coverage' },
  },
});
