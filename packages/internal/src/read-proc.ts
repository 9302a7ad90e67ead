import { readFileSync } from 'node:fs'

/**
 * Reads a list of this process from /proc. The kernel keeps it as it was at the start, in bytes (proc(5)).
 *
 * @returns undefined where the system has no /proc, or where this process may not read it: after setuid(2), or under Node's permission
 * model
 */
export function readProc(name: 'cmdline' | 'environ'): Buffer[] | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    return splitStrings(readFileSync(`/proc/self/${name}`))
  } catch {
    return undefined
  }
}

/** Takes apart strings of which each is ended by NUL. */
export function splitStrings(all: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let start = 0; start < all.length; ) {
    const end = all.indexOf(0, start)
    parts.push(all.subarray(start, end === -1 ? all.length : end))
    start = end === -1 ? all.length : end + 1
  }
  return parts
}
