import { defineConfig } from 'tsup'

/** Private helpers: each package that uses them carries their code, and their types, in its own dist. */
const bundled = ['@shellflip/internal']

/** How every package is built: ESM only, one file per entry, with types. */
export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node20.19',
  dts: { resolve: bundled },
  noExternal: bundled,
  sourcemap: true,
  clean: true,
})
