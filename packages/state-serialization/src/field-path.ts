import { lateExpression } from '@shellflip/internal'

const identifier = lateExpression('^[\\p{ID_Start}$_][\\p{ID_Continue}$]*$', 'u')

/** The way to a field, in the spelling of a program: `state.users[3].socket`. */
export function fieldPath(keys: readonly PropertyKey[]): string {
  return `state${keys.map(step).join('')}`
}

function step(key: PropertyKey): string {
  if (typeof key === 'number') return `[${key}]`
  const name = String(key)
  return identifier().test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}
