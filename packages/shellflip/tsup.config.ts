import { defineConfig } from 'tsup'
import base, { inOneFile } from '../../tsup.config.base.ts'

export default defineConfig([
  {
    ...base,
    clean: false,
    entry: ['src/index.ts', 'src/rust.ts'],
    ...inOneFile,
  },
  // The launcher looks for it beside the file that it is part of.
  {
    ...base,
    clean: false,
    dts: false,
    format: ['cjs'],
    entry: { 'prepared-node': '../launcher/src/prepared/prepared-node.cts' },
  },
  {
    ...base,
    clean: false,
    entry: ['src/cli.ts'],
    dts: false,
    ...inOneFile,
    // Reading commander's many files is most of a cold start: the CLI carries them inside.
    noExternal: [...inOneFile.noExternal, 'commander'],
    // commander is CommonJS, and requires Node's modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  },
])
