import { defineConfig } from 'vitest/config';

/**
 * Three projects: `unit` (no I/O), `integration` (real servers, one file at a time since two cores
 * are what we count on) and `tidy` (rules about the repository itself).
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{schemas,engine,ingest,simulator,dashboards,platform}/**/*.test.ts'],
          exclude: ['**/*.integration.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{schemas,engine,ingest,simulator,dashboards,platform}/**/*.integration.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          globalSetup: ['platform/testing/global-setup.ts'],
          fileParallelism: false,
          pool: 'forks',
        },
      },
      { test: { name: 'tidy', include: ['tidy.test.ts'], testTimeout: 30_000 } },
    ],
  },
});
