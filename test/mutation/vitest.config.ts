/** How tests run while Stryker changes the code beneath them: the files of one chunk, in one process, without servers. */

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [...(process.env.MUTATE_TESTS ?? 'test/core/**/*.test.ts').split(','), 'test/mutation/modules-load.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 1,
    setupFiles: ['test/support/network-guard.ts', 'test/mutation/load-first.ts'],
    testTimeout: 15_000,
  },
});
