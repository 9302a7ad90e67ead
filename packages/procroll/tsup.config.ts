import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

export default defineConfig([
  { ...base, clean: false },
  {
    ...base,
    clean: false,
    entry: ['src/cli.ts'],
    dts: false,
    splitting: true,
    // Reading zod's and commander's many files is most of a cold start: the CLI carries them inside.
    noExternal: [/^@shellflip\/(?!fd-passing)/, 'commander', 'string-width', 'zod'],
    // commander is CommonJS, and requires Node's modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  },
  {
    ...base,
    entry: ['write-documents.ts'],
    // Not published, and beside the packages that it imports.
    outDir: 'node_modules/.write-documents',
    noExternal: [],
    skipNodeModulesBundle: true,
    dts: false,
    sourcemap: false,
    splitting: true,
    onSuccess: 'node node_modules/.write-documents/write-documents.js',
  },
])
