import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

export default defineConfig([
  { ...base, clean: false, entry: ['src/index.ts', 'src/rust.ts'] },
  {
    ...base,
    clean: false,
    entry: ['src/cli.ts'],
    dts: false,
    splitting: true,
    // Reading commander's many files is most of a cold start: the CLI carries them inside.
    noExternal: [/^@shellflip\/(?!fd-passing)/, 'commander'],
    // commander is CommonJS, and requires Node's modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  },
])
