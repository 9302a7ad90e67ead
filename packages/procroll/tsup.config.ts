import { readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'
import base, { inOneFile } from '../../tsup.config.base.ts'

const commands = readFileSync('start.sh', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

/** A shell takes this line for a script that becomes Node. JavaScript takes it for a text and a comment. */
const shellLine = ['":" //', ...commands].join('; ')

/** Stands in the place of that line in every file: line numbers stay right, and only the bin gets the script. */
const placeholder = '":" //\n'

export default defineConfig([
  { ...base, clean: false },
  {
    ...base,
    clean: false,
    entry: ['src/cli.ts'],
    dts: false,
    ...inOneFile,
    // Reading commander's many files is most of a cold start: the CLI carries them inside.
    noExternal: [...inOneFile.noExternal, 'commander', 'string-width'],
    plugins: [
      {
        name: 'begin the bin as a shell script',
        renderChunk(code, { path }) {
          return path.endsWith('/cli.js')
            ? { code: code.replace(placeholder, () => `${shellLine}\n`) }
            : undefined
        },
      },
    ],
    // commander is CommonJS, and requires Node's modules.
    banner: {
      js: `${placeholder}import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
    },
  },
  {
    ...base,
    entry: ['write-documents.ts'],
    // Not published, and beside the packages that it imports.
    outDir: 'node_modules/.write-documents',
    noExternal: [],
    skipNodeModulesBundle: true,
    dts: false,
    sourcemap: false,
    splitting: true,
    onSuccess: 'node node_modules/.write-documents/write-documents.js',
  },
])
