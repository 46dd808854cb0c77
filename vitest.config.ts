import { defineConfig } from 'vitest/config';

const everywhere = ['**/node_modules/**', 'build/**', 'e2e/**', '.mainspring*/**'];

// Imports such as #server/… come from package.json, which Vite reads as Node does: there are no aliases here.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts', '**/*.test.tsx'],
          exclude: [...everywhere, '**/*.db.test.ts'],
          // Property tests on a busy machine: slow is not wrong.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'db',
          include: ['**/*.db.test.ts'],
          exclude: everywhere,
          globalSetup: ['db/testing/global-setup.ts'],
          // Real transactions, locks and kills: a slow disk must not make a right test fail.
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
