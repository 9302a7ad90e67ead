import { nearestName, show } from '@shellflip/internal'
import type { DrainOptions } from './drainable.ts'
import { invalidArgument } from './shutdown-coordination-error.ts'

const groups = ['servers', 'tasks']

/** Throws unless `name` can name something in the report. */
export function assertText(what: string, name: string): void {
  if (typeof name === 'string' && name !== '') return
  throw invalidArgument(`${what}: its name must be a text that is not empty, not ${show(name)}.`)
}

/** Throws unless `name` can tell this registration from the others. */
export function assertName(what: string, name: string, taken: readonly string[]): void {
  assertText(what, name)
  if (groups.includes(name)) {
    throw invalidArgument(`${what}: "${name}" stands for all ${name}. Choose another name.`)
  }
  if (taken.includes(name)) {
    throw invalidArgument(
      `${what}: "${name}" is registered already. Choose another name, or dispose of that.`,
    )
  }
}

/** A name that nobody has yet: `server`, `server 2` … */
export function freeName(base: string, taken: readonly string[]): string {
  let name = base
  for (let n = 2; taken.includes(name); n += 1) name = `${base} ${n}`
  return name
}

/** The names of what a drain waits for. Throws if one of them is not registered yet. */
export function namesAfter(
  what: string,
  after: DrainOptions['after'] = [],
  registered: readonly string[],
): string[] {
  const names: unknown[] = Array.isArray(after) ? after : [after]
  const known = [...groups, ...registered]
  return names.map((name) => {
    if (typeof name === 'string' && known.includes(name)) return name
    const nearest = nearestName(String(name), known)
    const hint = nearest === undefined ? 'Register that first.' : `Did you mean "${nearest}"?`
    throw invalidArgument(`${what} waits for ${show(name)}, which is not registered. ${hint}`)
  })
}
