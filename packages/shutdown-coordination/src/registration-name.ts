import { nearestName, show } from '@shellflip/internal'
import type { DrainOptions } from './drainable.ts'
import { invalidArgument } from './shutdown-coordination-error.ts'

/** All of one kind. */
export type Group = 'servers' | 'tasks'

const groups: readonly Group[] = ['servers', 'tasks']

function isGroup(name: unknown): name is Group {
  return groups.includes(name as Group)
}

/** Throws unless `name` can name something in the report. */
export function assertText(what: string, name: string): void {
  if (typeof name === 'string' && name !== '') return
  throw invalidArgument(`${what}: its name must be a text that is not empty, not ${show(name)}.`)
}

/** Throws unless `name` tells this registration from the others. */
export function assertName(what: string, name: string, taken: readonly string[]): void {
  assertText(what, name)
  if (isGroup(name)) {
    throw invalidArgument(`${what}: "${name}" is the name of all ${name}. Choose another name.`)
  }
  if (taken.includes(name)) {
    throw invalidArgument(
      `${what}: "${name}" is registered already. Choose another name, or dispose of that.`,
    )
  }
}

/** Returns an unused name: `server`, `server 2` … */
export function freeName(base: string, taken: readonly string[]): string {
  let name = base
  for (let n = 2; taken.includes(name); n += 1) name = `${base} ${n}`
  return name
}

/** Finds the work that a drain waits for. Throws if one of the names is not registered yet. */
export function findAfter<Registered>(
  what: string,
  after: DrainOptions['after'] = [],
  registered: ReadonlyMap<string, Registered>,
): (Registered | Group)[] {
  const names: unknown[] = Array.isArray(after) ? Array.from(after) : [after]
  return names.map((name) => {
    if (isGroup(name)) return name
    const found = registered.get(name as string)
    if (found !== undefined) return found
    const nearest = nearestName(typeof name === 'string' ? name : '', [...groups, ...registered.keys()])
    const hint = nearest === undefined ? 'Register that first.' : `Did you mean "${nearest}"?`
    throw invalidArgument(`${what} waits for ${show(name)}, which is not registered. ${hint}`)
  })
}
