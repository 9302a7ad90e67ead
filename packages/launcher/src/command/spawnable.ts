import { isText } from '@shellflip/internal'
import type { LaunchCommand } from './launch-command.ts'

/** The command as `spawn` takes it. Node encodes all of it as UTF-8. */
type Spawnable = { file: string; args: string[]; cwd: string; env: Record<string, string> }

type Bytes = string | Buffer

/**
 * The prefix of the variables that carry bytes to the shell, which decodes them. Nothing of a service has this name (see
 * `inheritableEnvironment`).
 */
const carrier = 'SHELLFLIP_BYTES_'

/** A shell drops a variable with another name. */
const shellName = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Makes a command that can be spawned from any bytes. Bytes that are not UTF-8 go through a shell, in octal. The shell decodes them, and
 * becomes the program.
 *
 * @param inShell whether the caller starts it by a shell
 */
export function spawnable({ file, args, cwd, env }: LaunchCommand, inShell = false): Spawnable {
  const variables = [...env].map(([name, value]) => ({ name, entry: entryOf(name, value), value }))
  const words: Bytes[] = [file, ...args]
  const isPlain = [...words, cwd, ...variables.map(({ entry }) => entry)].every(isText)
  if (isPlain && !inShell) return plain(words, cwd, variables)
  const odd = variables.filter(({ name }) => !shellName.test(name))
  const named = variables.filter(({ name }) => shellName.test(name))
  return isPlain && odd.length === 0 ? plain(words, cwd, named) : decoded(words, cwd, named, odd)
}

type Variable = { name: string; entry: Buffer; value: Buffer }

function plain(words: readonly Bytes[], cwd: Bytes, variables: readonly Variable[]): Spawnable {
  const [file, ...args] = words.map(String) as [string, ...string[]]
  const env = variables.map(({ name, value }) => [Buffer.from(name, 'latin1').toString(), value.toString()])
  return { file, args, cwd: String(cwd), env: Object.fromEntries(env) }
}

/**
 * @param odd set by env(1), which shows them to other users (ps) for the moment until it executes the program. No shell shows them for
 *   longer
 */
function decoded(
  words: readonly Bytes[],
  cwd: Bytes,
  variables: readonly Variable[],
  odd: readonly Variable[],
): Spawnable {
  const carried: Buffer[] = []
  /** The `x` after the bytes keeps line breaks at their end, which `$(…)` would drop. `%x` removes it. */
  const carry = (bytes: Buffer) => `"\${${carrier}${carried.push(bytes) - 1}%x}"`
  const env = odd.length === 0 ? [] : ['/usr/bin/env', '--', ...odd.map(({ entry }) => carry(entry))]
  const list = words.map((word, index) => (isText(word) ? `"\${${index + 1}}"` : carry(word as Buffer)))
  const exports = variables
    .filter(({ value }) => !isText(value))
    .map(({ name, value }) => `export ${name}=${carry(value)}`)
  const enter = isText(cwd) ? [] : [`cd -- ${carry(cwd as Buffer)} || exit`]
  const names = carried.map((_, index) => `${carrier}${index}`)
  const script = [
    ...names.map((name) => `${name}=$(printf "$${name}")`),
    `set -- ${[...env, ...list].join(' ')}`,
    ...exports,
    ...enter,
    `unset ${names.join(' ')}`,
    'exec "$@"',
  ]
  const texts = variables.filter(({ value }) => isText(value))
  return {
    file: '/bin/sh',
    args: ['-c', script.join('; '), 'sh', ...words.map((word) => (isText(word) ? String(word) : ''))],
    cwd: isText(cwd) ? String(cwd) : '/',
    env: {
      ...plain(words, cwd, texts).env,
      ...Object.fromEntries(carried.map((bytes, index) => [names[index], `${octal(bytes)}x`])),
    },
  }
}

function entryOf(name: string, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${name}=`, 'latin1'), value])
}

function octal(bytes: Buffer): string {
  return Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}
