import { types } from 'node:util'
import { compatibility, type Migrations, type StateIdentity } from './compatibility.ts'
import { describeCause, StateError } from './state-error.ts'

/** Converts the encoded form of one version to that of another. */
export type Conversion = (value: unknown) => unknown

type Versioned = StateIdentity & {
  readonly migrations?: Migrations | undefined
  readonly down?: Migrations | undefined
}

/**
 * Returns the conversion of found state to state of the definition.
 *
 * @throws {StateError} ERR_STATE_FOREIGN
 * @throws {StateError} ERR_STATE_TOO_NEW
 * @throws {StateError} ERR_STATE_TOO_OLD
 */
export function conversionFrom(encoded: StateIdentity, definition: Versioned): Conversion {
  const { name, version, migrations = {} } = definition
  const found = compatibility(encoded, definition)
  switch (found.type) {
    case 'same':
      return (value) => value
    case 'migrate':
      return along(found.through, migrations, 1)
    case 'too-new':
      throw new StateError(
        'ERR_STATE_TOO_NEW',
        `version ${encoded.version} of ${name} is newer than version ${version}, the latest one that this program knows. ` +
          'Write it for this version (down migrations), or start a newer program',
      )
    case 'too-old':
      throw new StateError(
        'ERR_STATE_TOO_OLD',
        `version ${encoded.version} of ${name} cannot become version ${version}. ` +
          `Add a migration from version ${found.missing}`,
      )
    case 'foreign':
      throw new StateError('ERR_STATE_FOREIGN', `this is the state ${encoded.name}, and ${name} is expected`)
  }
}

/**
 * The version to write for a reader whose definition is of version `reader`, and how to come to it. A reader of a
 * later version migrates by itself.
 *
 * @throws {StateError} ERR_STATE_TOO_NEW if a down migration is missing
 */
export function conversionFor(
  reader: number,
  definition: Versioned,
): { version: number; convert: Conversion } {
  const { name, version, down = {} } = definition
  const through = Array.from({ length: Math.max(0, version - reader) }, (_, step) => version - step)
  const missing = through.find((from) => down[from] === undefined)
  if (missing !== undefined) {
    throw new StateError(
      'ERR_STATE_TOO_NEW',
      `version ${version} of ${name} cannot be written for a reader of version ${reader}. ` +
        `Add a down migration from version ${missing}`,
    )
  }
  return { version: Math.min(version, reader), convert: along(through, down, -1) }
}

function along(through: readonly number[], migrations: Migrations, direction: 1 | -1): Conversion {
  return (value) =>
    through.reduce((current, version) => {
      const between = `the migration from version ${version} to ${version + direction}`
      const migrated = attempt(() => migrations[version]?.(current), between)
      if (!types.isPromise(migrated)) return migrated
      migrated.catch(() => {})
      throw new StateError(
        'ERR_STATE_MIGRATION_FAILED',
        `${between} returned a promise. It must return the value`,
      )
    }, value)
}

function attempt(migrate: () => unknown, between: string): unknown {
  try {
    return migrate()
  } catch (cause) {
    throw new StateError('ERR_STATE_MIGRATION_FAILED', `${between} failed: ${describeCause(cause)}`, {
      cause,
    })
  }
}
