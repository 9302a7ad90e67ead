import { type OptionTypes, optionFault, show } from '@shellflip/internal'
import { invalidArgument } from './error.ts'

/** TypeScript's types do not protect JavaScript callers. A value of the wrong type must not reach a system call as another value. */
export function checkOptions(what: string, options: object, types: OptionTypes): void {
  const fault = optionFault(what, options, types)
  if (fault !== undefined) throw invalidArgument(fault)
}

export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidArgument(`${name} must be a function, not ${show(value)}`)
}

export function checkBoolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw invalidArgument(`${name} must be true or false, not ${show(value)}`)
}

export function checkArray(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw invalidArgument(`${name} must be an array, not ${show(value)}`)
}

/** @param known the values that are allowed */
export function checkOneOf(name: string, value: unknown, known: readonly unknown[]): void {
  if (known.includes(value)) return
  throw invalidArgument(`${name} must be ${known.map((one) => `'${one}'`).join(' or ')}, not ${show(value)}`)
}

export function checkPath(path: unknown): void {
  if (typeof path !== 'string' || path === '') throw invalidArgument(`a path must be text, not ${show(path)}`)
  if (path.includes('\0')) throw invalidArgument(`a path must not hold a NUL: ${show(path)}`)
}

/** Zero and negative numbers mean groups of processes to the system. */
export function checkPid(pid: unknown): void {
  if (isWholeNumber(pid, 1, 0x7fffffff)) return
  throw invalidArgument(`${show(pid)} is not a process id`)
}

/** The largest number means "no change" to the system. */
export function checkId(name: string, id: unknown): void {
  if (isWholeNumber(id, 0, 0xfffffffe)) return
  throw invalidArgument(`${name} must be a whole number from 0 to 4294967294, not ${show(id)}`)
}

/** An id that is left out stays as it is. */
export function checkOwner(owner: { uid?: number; gid?: number }): void {
  checkOptions('owner', owner, { uid: 'any', gid: 'any' })
  for (const [name, id] of Object.entries(owner)) if (id !== undefined) checkId(name, id)
}

export function isWholeNumber(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
}
