import { defineConfig } from 'vitest/config';

export default defineConfig({
  define: { WORKER_INTEGRITY: '""' },
  test: {
    environment: 'happy-dom',
    environmentOptions: { happyDOM: { url: 'https://shop.example/boxes?size=m&utm_source=news' } },
    // One process and one DOM for all files: making a DOM takes longer than all the tests.
    pool: 'threads',
    poolOptions: { threads: { singleThread: true, isolate: false } },
    setupFiles: ['sdk/tests/setup.ts'],
    include: ['sdk/tests/**/*.test.ts', 'player/tests/**/*.test.ts', 'studio/**/*.test.js'],
  },
});
