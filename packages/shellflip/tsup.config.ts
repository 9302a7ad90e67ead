import { defineConfig } from 'tsup'
import base, { bundled } from '../../tsup.config.base.ts'

export default defineConfig([
  {
    ...base,
    clean: false,
    splitting: true,
    // Loaded only for a control socket, and read in a fraction of the time that zod's many files take.
    noExternal: [...bundled, '@shellflip/control-socket/shellflip', 'zod'],
  },
  {
    ...base,
    clean: false,
    entry: ['src/cli.ts'],
    dts: false,
    splitting: true,
    // Reading zod's and commander's many files is most of a cold start: the CLI carries them inside.
    noExternal: [/^@shellflip\/(?!fd-passing)/, 'commander', 'zod'],
    // commander is CommonJS, and requires Node's modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  },
])
