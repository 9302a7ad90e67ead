import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

// Addresses as text, and the opening of them, have entries of their own: a program that only reads them loads little.
export default defineConfig({ ...base, entry: ['src/index.ts', 'src/addresses.ts', 'src/open.ts'] })
