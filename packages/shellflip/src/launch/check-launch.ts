import type { LaunchOptions } from '../flip-options.ts'
import { invalidArgument } from '../shellflip-error.ts'

const known = ['file', 'args', 'cwd', 'env'] as const

/** @throws {ShellflipError} ERR_INVALID_ARGUMENT, naming the option and the value */
export function checkLaunch(launch: LaunchOptions | undefined): void {
  if (launch === undefined) return
  if (!isObject(launch)) throw invalidArgument(`launch must be an object, not ${shown(launch)}`)
  const unknown = Object.keys(launch).find((name) => !(known as readonly string[]).includes(name))
  if (unknown !== undefined) {
    throw invalidArgument(`launch.${unknown} is not an option. Use one of: ${known.join(', ')}`)
  }
  const { file, args, cwd, env } = launch
  checkText('launch.file', file)
  checkText('launch.cwd', cwd)
  if (args !== undefined) checkArguments(args)
  if (env !== undefined) checkEnvironment(env)
}

function checkText(name: string, value: unknown): void {
  if (value === undefined || (isString(value) && value !== '')) return
  throw invalidArgument(`${name} must be a path, not ${shown(value)}`)
}

function checkArguments(args: unknown): void {
  if (!Array.isArray(args)) throw invalidArgument(`launch.args must be a list of strings, not ${shown(args)}`)
  const index = args.findIndex((arg) => !isString(arg))
  if (index !== -1) throw invalidArgument(`launch.args[${index}] must be a string, not ${shown(args[index])}`)
}

function checkEnvironment(env: unknown): void {
  if (!isObject(env)) {
    throw invalidArgument(`launch.env must be an object of strings, not ${shown(env)}`)
  }
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || /[=\0]/.test(name)) {
      throw invalidArgument(`launch.env: ${JSON.stringify(name)} cannot be the name of a variable`)
    }
    if (value === undefined || isString(value)) continue
    throw invalidArgument(
      `launch.env.${name} must be a string, or undefined to remove the variable, not ${shown(value)}`,
    )
  }
}

/** A string of C ends at NUL. */
function isString(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return 'a list'
  return isObject(value) ? 'an object' : String(value)
}
