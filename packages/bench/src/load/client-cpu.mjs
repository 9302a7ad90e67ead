import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * The CPU that the load client is bound to: the last one of those that this process may use. A peer may use it too. Undefined
 * where this process may use only one, or without taskset(1).
 */
export const clientCpu = bindable(
  lastCpu(readIfThere('/proc/self/status'), readIfThere('/sys/devices/system/cpu/online')),
)

/** The last CPU that is both allowed and online, if there are more. `status` and `online` are the texts of the files in /proc and /sys. */
export function lastCpu(status, online) {
  const [, allowed = ''] = /^Cpus_allowed_list:\s*(\S+)/m.exec(status) ?? []
  // The kernel also allows CPUs that the machine does not have yet.
  const present = new Set(cpusIn(online))
  const usable = cpusIn(allowed).filter((cpu) => present.has(cpu))
  return usable.length > 1 ? usable.at(-1) : undefined
}

/** The numbers of a list such as `0,2-3`. */
function cpusIn(list) {
  return [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, from, to = from]) =>
    Array.from({ length: to - from + 1 }, (_, n) => Number(from) + n),
  )
}

function bindable(cpu) {
  if (cpu === undefined) return undefined
  return spawnSync('taskset', ['-c', String(cpu), 'true']).status === 0 ? cpu : undefined
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
