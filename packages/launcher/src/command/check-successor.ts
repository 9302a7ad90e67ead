import { show, unknownOptionFault } from '@shellflip/internal'
import { invalidArgument } from '../launcher-error.ts'
import type { SuccessorOptions } from './successor-options.ts'

const known = ['file', 'args', 'cwd', 'env'] as const

/** @throws {LauncherError} ERR_INVALID_ARGUMENT */
export function checkSuccessor(successor: SuccessorOptions | undefined): void {
  if (successor === undefined) return
  const fault = unknownOptionFault('successor', successor, known)
  if (fault !== undefined) throw invalidArgument(fault)
  const { file, args, cwd, env } = successor
  checkText('successor.file', file)
  checkText('successor.cwd', cwd)
  if (args !== undefined) checkArguments(args)
  if (env !== undefined) checkEnvironment(env)
}

function checkText(name: string, value: unknown): void {
  if (value === undefined || (isString(value) && value !== '')) return
  throw invalidArgument(`${name} must be a path, not ${show(value)}`)
}

function checkArguments(args: unknown): void {
  if (!Array.isArray(args))
    throw invalidArgument(`successor.args must be a list of strings, not ${show(args)}`)
  const index = args.findIndex((arg) => !isString(arg))
  if (index !== -1)
    throw invalidArgument(`successor.args[${index}] must be a string, not ${show(args[index])}`)
}

function checkEnvironment(env: unknown): void {
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    throw invalidArgument(`successor.env must be an object of strings, not ${show(env)}`)
  }
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || /[=\0]/.test(name)) {
      throw invalidArgument(`successor.env: ${JSON.stringify(name)} cannot be the name of a variable`)
    }
    if (value === undefined || isString(value)) continue
    throw invalidArgument(
      `successor.env.${name} must be a string, or undefined to remove the variable, not ${show(value)}`,
    )
  }
}

/** Refuses NUL, where a string of C ends. */
function isString(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0')
}
