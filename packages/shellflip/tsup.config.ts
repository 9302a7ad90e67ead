import { defineConfig } from 'tsup'
import base, { inOneFile } from '../../tsup.config.base.ts'

export default defineConfig([
  {
    ...base,
    clean: false,
    entry: ['src/index.ts', 'src/rust.ts'],
    ...inOneFile,
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
