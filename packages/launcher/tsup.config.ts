import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

export default defineConfig([
  { ...base, clean: false },
  // Node requires this file by its path, before it loads an ES module.
  { ...base, clean: false, dts: false, format: ['cjs'], entry: ['src/prepared/prepared-node.cts'] },
])
