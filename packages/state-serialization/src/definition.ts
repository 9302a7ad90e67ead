/// <reference lib="es2024.string" />
import { constants } from 'node:buffer'
import type { ZodType } from 'zod'
import type { Migrations, StateIdentity } from './compatibility.ts'
import { maxNameBytes } from './frame.ts'
import { StateError } from './state-error.ts'

/** What a state is called, and how it looks now and looked before. */
export type Definition<T> = StateIdentity & {
  /**
   * Checks what is encoded and what is decoded. What cannot travel as it is travels by a codec (`z.codec`), never by a
   * transform, which has only one way.
   */
  readonly schema: ZodType<T>
  /** `migrations[n]` takes what version n encoded to what version n + 1 would have. @default none */
  readonly migrations?: Migrations
  /** `down[n]` takes what version n encodes to version n - 1, for a reader that is older. @default none */
  readonly down?: Migrations
}

const maxVersion = 0xffffffff

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkDefinition({
  name,
  version,
  migrations = {},
  down = {},
}: Omit<Definition<never>, 'schema'>): void {
  if (name === '' || Buffer.byteLength(name) > maxNameBytes || !name.isWellFormed()) {
    throw invalid(`the name of a state has 1 to ${maxNameBytes} bytes`)
  }
  if (!isWithin(version, 1, maxVersion)) throw invalid(`the version of ${name} is an integer from 1 on`)
  checkMigrations('migrations', migrations, 1, version - 1)
  checkMigrations('down', down, 2, version)
}

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkLimit(option: string, bytes: number): void {
  if (isWithin(bytes, 1, constants.MAX_LENGTH)) return
  throw invalid(`${option} is a number of bytes, at most ${constants.MAX_LENGTH}`)
}

function checkMigrations(option: string, migrations: Migrations, first: number, last: number): void {
  const wrong = Object.keys(migrations).find((version) => !isWithin(Number(version), first, last))
  if (wrong === undefined) return
  throw invalid(`${option}[${wrong}] would never be used: they begin with versions ${first} to ${last}`)
}

function isWithin(value: number, first: number, last: number): boolean {
  return Number.isInteger(value) && value >= first && value <= last
}

function invalid(message: string): StateError {
  return new StateError('ERR_INVALID_ARGUMENT', message)
}
