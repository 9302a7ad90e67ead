import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

export default defineConfig([
  {
    ...base,
    clean: false,
    splitting: true,
    // Loaded only for a control socket, and read in a fraction of the time that zod's many files take.
    noExternal: ['@shellflip/control-socket/shellflip', 'zod'],
  },
])
