import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

// The Rust vocabulary has an entry of its own: it is the one part that loads zod.
export default defineConfig({ ...base, entry: ['src/index.ts', 'src/shellflip.ts'] })
