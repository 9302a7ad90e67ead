/** Variables by their names, as bytes. A name is latin1 here: one character is one byte. */
export type Environment = ReadonlyMap<string, Buffer>

/** Variables to set. Undefined removes one. */
export type EnvironmentChanges = Readonly<Record<string, string | undefined>>

/** Makes an environment of `NAME=VALUE`. The first of two entries with one name counts, as it does for getenv(3). */
export function environmentOf(entries: Iterable<Buffer>): Environment {
  const variables = new Map<string, Buffer>()
  for (const entry of entries) {
    const end = entry.indexOf('=')
    const name = entry.subarray(0, end).toString('latin1')
    if (end > 0 && !variables.has(name)) variables.set(name, entry.subarray(end + 1))
  }
  return variables
}

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
