import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // graphql 16 ships a CommonJS and an ES build: without this, Vite takes one and mercurius the other.
  resolve: {
    alias: [
      { find: /^graphql$/, replacement: 'graphql/index.js' },
      // Tests need no build of it.
      { find: /^@waymark\/client$/, replacement: at('packages/client/src/index.ts') },
      {
        find: /^@waymark\/client\/react$/,
        replacement: at('packages/client/src/react/react-door.ts'),
      },
    ],
  },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{test,packages/*/test}/**/*.test.{ts,tsx}'],
          exclude: ['**/*.whole.test.ts', '**/node_modules/**'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          // One real Temporal dev server for the whole project; each file takes a task queue of its own.
          name: 'whole',
          include: ['{test,packages/*/test}/**/*.whole.test.ts'],
          globalSetup: ['test/support/temporal.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
