/**
 * Returns a value that exists once in the process. A facade carries copies of our packages, and a program may import one of these packages
 * beside it, so a module can exist twice.
 */
export function oncePerProcess<T extends object>(name: string, make: () => T): T {
  const values = globalThis as { [key: symbol]: unknown }
  const key = Symbol.for(`shellflip.${name}`)
  values[key] ??= make()
  return values[key] as T
}
