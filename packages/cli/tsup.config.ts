import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

// An entry for each part: a program loads the parts that its command line needs, and the build keeps them apart.
export default defineConfig({ ...base, entry: ['src/*.ts', '!src/*.test.ts'], splitting: true })
