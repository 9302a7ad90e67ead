import type { Environment } from '@shellflip/internal'

export type { Environment }

/** Variables to set. Undefined removes one. */
export type EnvironmentChanges = Readonly<Record<string, string | undefined>>

/** Applies changes in order, so that later ones win. */
export function changed(base: Environment, ...changes: readonly EnvironmentChanges[]): Environment {
  const variables = new Map(base)
  for (const [text, value] of changes.flatMap((change) => Object.entries(change))) {
    const name = Buffer.from(text).toString('latin1')
    if (value === undefined) variables.delete(name)
    else variables.set(name, Buffer.from(value))
  }
  return variables
}
