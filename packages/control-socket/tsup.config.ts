import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

// The Rust protocol has an entry of its own: not everyone speaks it.
export default defineConfig({ ...base, entry: ['src/index.ts', 'src/shellflip.ts'] })
