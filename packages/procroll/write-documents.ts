import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  bashCompletion,
  type DocumentedProgram,
  fishCompletion,
  manPages,
  zshCompletion,
} from '@shellflip/cli/docs'
import { createProcroll } from './src/program.ts'

const signals = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH']

/** Writes the manual pages and completions of procroll into a folder. The build runs it. */
function writeDocuments(folder: string): void {
  const documented = documentedProgram()
  const { name } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string }
  const files = {
    ...Object.fromEntries(manPages(documented).map(({ file, text }) => [`man/${file}`, text])),
    [`completions/${name}.bash`]: bashCompletion(documented),
    [`completions/${name}.zsh`]: zshCompletion(documented),
    [`completions/${name}.fish`]: fishCompletion(documented),
  }
  for (const part of ['man', 'completions']) mkdirSync(join(folder, part), { recursive: true })
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text)
}

function documentedProgram(): DocumentedProgram {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  return {
    program: createProcroll([], () => {}),
    version,
    valuesOf: (command, flag) => {
      if (flag === '--signal') return { type: 'choices', choices: signals }
      if (flag === '--name' && command.name() !== 'run') return { type: 'printed', by: 'completion names' }
      return undefined
    },
    operandsOf: (command) => {
      if (command.name() === 'run') return { type: 'command-line' }
      if (command.name() === 'completion') return { type: 'choices', choices: ['bash', 'zsh', 'fish'] }
      return { type: 'none' }
    },
  }
}

writeDocuments('dist')
