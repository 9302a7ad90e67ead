import { isNamedFd } from '@shellflip/fd-passing'
import { optionFault, show } from '@shellflip/internal'

const types = {
  file: 'any',
  args: 'any',
  env: 'any',
  rawEnv: 'any',
  cwd: 'any',
  openFiles: 'count',
  listen: 'any',
} as const

/**
 * Finds what is wrong with a launch. A function may make it at each start, so JavaScript can pass anything.
 *
 * @returns the sentence to throw, or undefined
 */
export function launchFault(launch: unknown): string | undefined {
  if (launch instanceof Promise) return 'launch must be an object, not a promise. Await it before the start.'
  const fault = optionFault('launch', launch as object, types)
  if (fault !== undefined) return fault
  const { file, args, env, rawEnv = [], cwd, listen } = launch as { [Name in keyof typeof types]?: unknown }
  if (!isBytes(file) || file.length === 0)
    return `launch: file must be the command, as text or bytes, not ${show(file)}.`
  if (cwd !== undefined && !isBytes(cwd)) return `launch: cwd must be text or bytes, not ${show(cwd)}.`
  return (
    arrayFault('args', args, 'text or bytes', isBytes) ??
    arrayFault('rawEnv', rawEnv, 'bytes', (value) => value instanceof Uint8Array) ??
    arrayFault('listen', listen, '{ name, fd } with an open OwnedFd', isNamedFd) ??
    environmentFault(env)
  )
}

function arrayFault(
  name: string,
  values: unknown,
  expected: string,
  isRight: (value: unknown) => boolean,
): string | undefined {
  if (!Array.isArray(values)) return `launch: ${name} must be an array, not ${show(values)}.`
  const wrong = Array.from(values).findIndex((value) => !isRight(value))
  return wrong === -1
    ? undefined
    : `launch: ${name}[${wrong}] must be ${expected}, not ${show(values[wrong])}.`
}

function environmentFault(env: unknown): string | undefined {
  const fault = optionFault('launch', { env }, { env: 'object' })
  if (fault !== undefined || env === undefined)
    return fault ?? 'launch: env must be an object, not undefined.'
  const wrong = Object.entries(env as object).find(([, value]) => value !== undefined && !isBytes(value))
  return wrong && `launch: env.${wrong[0]} must be text or bytes, not ${show(wrong[1])}.`
}

function isBytes(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array
}
