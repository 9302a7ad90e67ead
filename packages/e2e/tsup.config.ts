import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

/** Only `npm run e2e:shell` is built; the tests run the sources. */
export default defineConfig({ ...base, entry: ['src/shell.ts'], dts: false })
