import { fileURLToPath } from 'node:url'
import { defineConfig, type Options } from 'tsup'

/** Private helpers: each package that uses them carries their code, and their types, in its own dist. */
const bundled = ['@shellflip/internal']

const packages = fileURLToPath(new URL('packages', import.meta.url))

/** Finds our packages in their sources, so that a file that holds several of them has each module once. */
const fromSources: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'from-sources',
  setup(build) {
    build.onResolve({ filter: /^@shellflip\// }, ({ path }) => {
      const [, name, entry = 'index'] = path.split('/')
      if (name === 'fd-passing') return undefined
      return { path: `${packages}/${name}/src/${entry}.ts`, sideEffects: false }
    })
  },
}

/** How every package is built: ESM only, one file per entry, with types. */
export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node20.19',
  dts: { resolve: bundled },
  noExternal: bundled,
  sourcemap: true,
  clean: true,
  // Node parses every byte at each start, comments as well. Names and short lines stay, for stack traces.
  minifyWhitespace: true,
  esbuildOptions: (options) => {
    options.lineLimit = 120
  },
})

/**
 * Puts our other packages into the same file, since Node resolves and reads one file sooner than those of ten packages. All but fd-passing:
 * it owns descriptors, so a process must not have two of it.
 */
export const inOneFile = {
  noExternal: [/^@shellflip\/(?!fd-passing)/],
  esbuildPlugins: [fromSources],
  splitting: true,
} satisfies Options
