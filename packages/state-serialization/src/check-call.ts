import { type OptionTypes, optionFault, show } from '@shellflip/internal'
import type { StateIdentity } from './compatibility.ts'
import { isWithin, maxVersion } from './definition.ts'
import type { DecodeOptions } from './item-decoder.ts'
import type { EncodeOptions } from './item-encoder.ts'
import { invalidArgument } from './state-error.ts'

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkEncodeOptions(options: EncodeOptions<unknown>, more: OptionTypes = {}): void {
  checkOptions('encode()', options, {
    readerVersion: 'any',
    isExternal: 'function',
    checksBytes: 'boolean',
    ...more,
  })
  const { readerVersion = 1 } = options
  if (isVersion(readerVersion)) return
  throw invalidArgument(`readerVersion must be a whole number from 1 on, not ${show(readerVersion)}`)
}

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkWrite(write: unknown): void {
  if (typeof write !== 'function') {
    throw invalidArgument(`encodeTo() takes a function that writes the bytes, not ${show(write)}`)
  }
}

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkDecodeOptions(options: DecodeOptions): void {
  checkOptions('decode()', options, { externals: 'any' })
  const { externals = [] } = options
  if (!Array.isArray(externals)) throw invalidArgument(`externals must be an array, not ${show(externals)}`)
}

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkIdentity(identity: StateIdentity): void {
  const { name, version } = Object(identity) as Partial<StateIdentity>
  if (typeof name === 'string' && isVersion(version)) return
  throw invalidArgument(`compatibility() takes { name, version } of a state, not ${show(identity)}`)
}

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkIterable(what: string, value: unknown): void {
  const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = Object(value) as Partial<
    AsyncIterable<unknown> & Iterable<unknown>
  >
  if (typeof async === 'function' || typeof sync === 'function') return
  throw invalidArgument(`${what}, not ${show(value)}`)
}

function checkOptions(what: string, options: object, types: OptionTypes): void {
  const fault = optionFault(what, options, types)
  if (fault !== undefined) throw invalidArgument(fault)
}

function isVersion(version: unknown): boolean {
  return typeof version === 'number' && isWithin(version, 1, maxVersion)
}
