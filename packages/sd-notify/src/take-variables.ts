/** Reads variables that are meant for this process, and deletes them, so that no child takes them for its own. */
export function takeVariables<Name extends string>(
  env: NodeJS.ProcessEnv,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const taken: Partial<Record<Name, string>> = {}
  for (const name of names) {
    const value = env[name]
    if (value !== undefined) taken[name] = value
    delete env[name]
  }
  return taken
}
