/// <reference lib="es2024.string" />
import { constants } from 'node:buffer'
import { inspect, types } from 'node:util'
import { optionFault, unknownOptionFault } from '@shellflip/internal'
import { checkSchema } from './check-schema.ts'
import type { Migrations, StateIdentity } from './compatibility.ts'
import { maxNameBytes } from './frame.ts'
import { invalidArgument } from './state-error.ts'
import type { StateSchema } from './state-schema.ts'

/** The name of a state, its present schema, and the migrations from and to older versions. */
export type Definition<T> = StateIdentity & {
  /**
   * Checks what is encoded and what is decoded: a schema of zod ^4.1.0. It decides what travels. `z.object()` drops the
   * keys that it does not name, and `z.strictObject()` refuses them. A value that cannot travel as it is needs a codec
   * (`z.codec`). A transform is refused, because it has only one way.
   */
  readonly schema: StateSchema<T>
  /** `migrations[n]` takes what version n encoded to what version n + 1 would have. @default none */
  readonly migrations?: Migrations
  /**
   * `down[n]` converts the encoded state of version n to version n - 1, for an older reader. It may change the objects that it gets. It
   * may not change a Date, bytes or an external, because the program still works with these. @default none
   */
  readonly down?: Migrations
}

export const maxVersion = 0xffffffff

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkDefinition({
  name,
  version,
  schema,
  migrations = {},
  down = {},
}: Omit<Definition<never>, 'schema'> & { readonly schema: unknown }): void {
  if (typeof name !== 'string' || !isName(name)) {
    throw invalidArgument(
      `the name of a state is a string of 1 to ${maxNameBytes} bytes, not ${inspect(name)}`,
    )
  }
  if (!isWithin(version, 1, maxVersion)) {
    throw invalidArgument(`the version of ${name} is an integer from 1 on, not ${inspect(version)}`)
  }
  checkSchema(name, schema)
  checkMigrations('migrations', migrations, 1, version - 1)
  checkMigrations('down', down, 2, version)
}

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkOptionNames(what: string, options: object, limits: readonly string[]): void {
  const wrong = unknownOptionFault(what, options, [
    'name',
    'version',
    'schema',
    'migrations',
    'down',
    ...limits,
  ])
  if (wrong !== undefined) throw invalidArgument(wrong)
}

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkLimit(option: string, bytes: number): void {
  if (isWithin(bytes, 1, constants.MAX_LENGTH)) return
  throw invalidArgument(
    `${option} is a number of bytes from 1 to ${constants.MAX_LENGTH}, not ${inspect(bytes)}`,
  )
}

function checkMigrations(option: string, migrations: Migrations, first: number, last: number): void {
  const fault = optionFault('the definition of a state', { [option]: migrations }, { [option]: 'object' })
  if (fault !== undefined) throw invalidArgument(fault)
  const wrong = Object.keys(migrations).find((version) => !isVersion(version, first, last))
  if (wrong !== undefined) {
    throw invalidArgument(
      `${option}[${wrong}] is never used: migrations begin with versions ${first} to ${last}`,
    )
  }
  for (const [version, migration] of Object.entries(migrations)) {
    if (typeof migration !== 'function') {
      throw invalidArgument(`${option}[${version}] is not a function: ${inspect(migration, { depth: 0 })}`)
    }
    if (types.isAsyncFunction(migration)) {
      throw invalidArgument(
        `${option}[${version}] is asynchronous: a migration must return the value, not a promise`,
      )
    }
  }
}

/** Migrations are looked up by number, so a key such as "01" would never be found. */
function isVersion(key: string, first: number, last: number): boolean {
  return String(Number(key)) === key && isWithin(Number(key), first, last)
}

function isName(name: string): boolean {
  return name !== '' && Buffer.byteLength(name) <= maxNameBytes && name.isWellFormed()
}

export function isWithin(value: number, first: number, last: number): boolean {
  return Number.isInteger(value) && value >= first && value <= last
}
