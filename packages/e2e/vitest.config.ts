import { defineConfig } from 'vitest/config'
import everywhere from '../../vitest.config.ts'

/** `npm run e2e`: apart from `npm test`, which needs no systemd. Each file boots a machine of its own. */
export default defineConfig({
  resolve: everywhere.resolve ?? {},
  root: import.meta.dirname,
  test: {
    ...everywhere.test,
    include: ['src/**/*.e2e.ts'],
    globalSetup: './src/global-setup.ts',
    testTimeout: 60_000,
    // The first boot with Debian packages of its own installs them.
    hookTimeout: 300_000,
    reporters: ['default', '../../scripts/count-reporter.mjs'],
  },
})
