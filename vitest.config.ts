import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const packages = fileURLToPath(new URL('./packages', import.meta.url))

export default defineConfig({
  resolve: {
    // Tests run the sources; what they spawn runs the build, as a user's program would.
    alias: [
      { find: /^@shellflip\/([a-z-]+)$/, replacement: `${packages}/$1/src/index.ts` },
      { find: /^@shellflip\/([a-z-]+)\/([a-z-]+)$/, replacement: `${packages}/$1/src/$2.ts` },
      { find: /^procroll$/, replacement: `${packages}/procroll/src/index.ts` },
      { find: /^shellflip\/rust$/, replacement: `${packages}/shellflip/src/rust.ts` },
      { find: /^shellflip$/, replacement: `${packages}/shellflip/src/index.ts` },
    ],
  },
  test: {
    include: ['packages/*/src/**/*.test.{ts,mjs}', 'examples/*/*.test.ts', 'scripts/*.test.{mjs,ts}'],
    globalSetup: fileURLToPath(new URL('./scripts/keep-run.mjs', import.meta.url)),
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What tests start is no script of the package manager that runs them.
    env: { npm_lifecycle_event: '' },
    reporters: ['default', './scripts/count-reporter.mjs'],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'] },
  },
})
