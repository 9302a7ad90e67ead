import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

// A drop-in for the npm package sd-notify has an entry of its own: its functions take other arguments.
export default defineConfig({ ...base, entry: ['src/index.ts', 'src/compat.ts'] })
