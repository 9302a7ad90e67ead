import type { Socket } from 'node:net'
import { types } from 'node:util'
import { isThenable } from '@shellflip/internal'
import { invalidArgument } from '../shellflip-error.ts'
import type { ConnectionCarrier } from './serve-options.ts'

/**
 * Checks now what would otherwise fail only at the first upgrade.
 *
 * @throws {ShellflipError} ERR_INVALID_ARGUMENT if the carrier cannot work
 */
export function checkCarrier(carrier: ConnectionCarrier): ConnectionCarrier {
  for (const name of ['give', 'take'] as const) {
    const value: unknown = carrier?.[name]
    if (typeof value !== 'function') {
      throw invalidArgument(
        `moveConnections needs both give and take: ${name} is ${nameOf(value)}, not a function`,
      )
    }
    // The more specific check comes first, because an async generator is both.
    if (types.isGeneratorFunction(value))
      throw invalidArgument(`moveConnections.${name} must not be a generator`)
    if (types.isAsyncFunction(value)) throw invalidArgument(`moveConnections.${name} must not be async`)
  }
  return carrier
}

/**
 * @throws {ShellflipError} ERR_INVALID_ARGUMENT if the value cannot travel
 * @throws {unknown} if `give` throws. The value is what it threw
 */
export function giveSafely({ give }: ConnectionCarrier, socket: Socket): Buffer | undefined {
  const given: unknown = give(socket)
  if (given === undefined) return undefined
  if (types.isUint8Array(given)) return Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  ignoreRejection(given)
  throw invalidArgument(`moveConnections.give must return a Uint8Array or undefined, not ${nameOf(given)}`)
}

/**
 * @throws {ShellflipError} ERR_INVALID_ARGUMENT if `take` returns a promise. Requests would arrive before it settles
 * @throws {unknown} if `take` throws. The value is what it threw
 */
export function takeSafely({ take }: ConnectionCarrier, socket: Socket, data: Buffer): void {
  const result: unknown = take(socket, data)
  if (!isThenable(result)) return
  ignoreRejection(result)
  throw invalidArgument('moveConnections.take must not return a promise')
}

/** Ignores the rejection, because the error thrown instead names the mistake. An unhandled rejection would also end the process. */
function ignoreRejection(value: unknown): void {
  if (types.isPromise(value)) value.catch(() => {})
}

function nameOf(value: unknown): string {
  if (isThenable(value)) return 'a promise'
  return value === null || typeof value !== 'object' ? String(value) : `a value of ${value.constructor?.name}`
}
