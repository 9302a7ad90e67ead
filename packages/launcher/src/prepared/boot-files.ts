import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { LaunchCommand } from '../command/launch-command.ts'
import { nodeOptionsOf } from './node-options.ts'

/** Options and variables of Node that name a file which it reads at its boot. */
const readingOption =
  /^--(?:env-file|env-file-if-exists|openssl-config|experimental-config-file|icu-data-dir)(?:=(.*))?$/s
const envFileOption = /^--env-file(?:-if-exists)?(?:=(.*))?$/s
const readingVariables = ['NODE_EXTRA_CA_CERTS', 'OPENSSL_CONF']

export function filesReadAtBoot(command: LaunchCommand): string[] {
  const { cwd, env } = command
  const byVariable = readingVariables.flatMap((name) => env.get(name)?.toString() ?? [])
  return [...valuesOf(readingOption, command), ...byVariable].map((path) => resolve(String(cwd), path))
}

/** Reports whether an env file may set Node's options. Node ignores them if the environment has NODE_OPTIONS, as that of a prepared Node. */
export function setsNodeOptionsByFile(command: LaunchCommand): boolean {
  if (command.env.has('NODE_OPTIONS')) return false
  return valuesOf(envFileOption, command).some((path) => {
    try {
      return readFileSync(resolve(String(command.cwd), path), 'latin1').includes('NODE_OPTIONS')
    } catch {
      // A missing file has no options.
      return false
    }
  })
}

function valuesOf(named: RegExp, command: LaunchCommand): string[] {
  const options = nodeOptionsOf({ ...command, optionCount: undefined })
  return options.flatMap((option, index) => {
    const match = named.exec(option)
    return match === null ? [] : [match[1] ?? options[index + 1] ?? '']
  })
}
