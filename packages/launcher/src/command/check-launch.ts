import { show, unknownOptionFault } from '@shellflip/internal'
import { invalidArgument } from '../launcher-error.ts'
import type { LaunchOptions } from './launch-options.ts'

const known = ['file', 'args', 'cwd', 'env'] as const

/** @throws {LauncherError} ERR_INVALID_ARGUMENT, naming the option and the value */
export function checkLaunch(launch: LaunchOptions | undefined): void {
  if (launch === undefined) return
  const fault = unknownOptionFault('launch', launch, known)
  if (fault !== undefined) throw invalidArgument(fault)
  const { file, args, cwd, env } = launch
  checkText('launch.file', file)
  checkText('launch.cwd', cwd)
  if (args !== undefined) checkArguments(args)
  if (env !== undefined) checkEnvironment(env)
}

function checkText(name: string, value: unknown): void {
  if (value === undefined || (isString(value) && value !== '')) return
  throw invalidArgument(`${name} must be a path, not ${show(value)}`)
}

function checkArguments(args: unknown): void {
  if (!Array.isArray(args)) throw invalidArgument(`launch.args must be a list of strings, not ${show(args)}`)
  const index = args.findIndex((arg) => !isString(arg))
  if (index !== -1) throw invalidArgument(`launch.args[${index}] must be a string, not ${show(args[index])}`)
}

function checkEnvironment(env: unknown): void {
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    throw invalidArgument(`launch.env must be an object of strings, not ${show(env)}`)
  }
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || /[=\0]/.test(name)) {
      throw invalidArgument(`launch.env: ${JSON.stringify(name)} cannot be the name of a variable`)
    }
    if (value === undefined || isString(value)) continue
    throw invalidArgument(
      `launch.env.${name} must be a string, or undefined to remove the variable, not ${show(value)}`,
    )
  }
}

/** Refuses NUL, where a string of C ends. */
function isString(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0')
}
