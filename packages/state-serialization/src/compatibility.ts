import { checkIdentity } from './check-call.ts'

/** Takes the encoded form of one version to that of its neighbour. */
// biome-ignore lint/suspicious/noExplicitAny: the shape of another version is known to its migration alone
export type Migration = (value: any) => unknown

/** Migrations by the version that they begin with. */
export type Migrations = Readonly<Record<number, Migration>>

/** The identity in the header of encoded state. */
export type StateIdentity = { readonly name: string; readonly version: number }

/** The ways in which a definition can use encoded state. */
export type Compatibility =
  | { type: 'same' }
  /** The versions whose migrations lead to the definition's own, in order. */
  | { type: 'migrate'; through: number[] }
  | { type: 'too-new' }
  /** The definition lacks a migration from version `missing`. */
  | { type: 'too-old'; missing: number }
  /** The state of something else. */
  | { type: 'foreign' }

/**
 * Tells what a definition can do with state of this name and version.
 *
 * @throws {StateError} ERR_INVALID_ARGUMENT
 */
export function compatibility(
  encoded: StateIdentity,
  accepting: StateIdentity & { readonly migrations?: Migrations | undefined },
): Compatibility {
  checkIdentity(encoded)
  checkIdentity(accepting)
  if (encoded.name !== accepting.name) return { type: 'foreign' }
  if (encoded.version === accepting.version) return { type: 'same' }
  if (encoded.version > accepting.version) return { type: 'too-new' }
  const through = Array.from(
    { length: accepting.version - encoded.version },
    (_, step) => encoded.version + step,
  )
  const missing = through.find((version) => accepting.migrations?.[version] === undefined)
  return missing === undefined ? { type: 'migrate', through } : { type: 'too-old', missing }
}
