import { defineConfig } from 'tsup'

/** How every package is built: ESM only, one file per entry, with types. */
export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node20.19',
  dts: true,
  sourcemap: true,
  clean: true,
})
