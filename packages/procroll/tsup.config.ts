import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

/**
 * The file is a shell script first, and becomes Node: a shell takes the second line for a command, and JavaScript takes it for a text
 * and a comment. Only a shell can tell Node what Node loses at its start, the soft limit of open files, and keep it from taking
 * `--env-file` of the command for its own option, by `--`. Shells drop variables with odd names, so they are told as well. See
 * docs/decisions/0017-procroll-starts-programs-itself.md.
 */
const shellScript = [
  '":" //',
  'case $1 in run) PROCROLL_STARTED=$(base64 /proc/$$/environ 2>/dev/null) ;; *) PROCROLL_STARTED= ;; esac',
  // The kernel takes at most 128 KiB for one variable.
  '[ "${#PROCROLL_STARTED}" -lt 120000 ] || PROCROLL_STARTED=',
  'PROCROLL_STARTED="$$ $(ulimit -Sn) $PROCROLL_STARTED" exec node -- "$0" "$@"',
].join('; ')

export default defineConfig([
  { ...base, clean: false },
  {
    ...base,
    clean: false,
    entry: ['src/cli.ts'],
    dts: false,
    splitting: true,
    // Reading zod's and commander's many files is most of a cold start: the CLI carries them inside.
    noExternal: [/^@shellflip\/(?!fd-passing)/, 'commander', 'zod'],
    // commander is CommonJS, and requires Node's modules.
    banner: {
      js: `${shellScript}\nimport { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
    },
  },
])
