import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

export default defineConfig({
  ...base,
  splitting: true,
  entry: ['src/index.ts', 'src/rust.ts'],
})
