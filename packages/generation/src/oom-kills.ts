import { readFileSync } from 'node:fs'

/**
 * Counts the processes in this process's control group, and in the groups below it, that the kernel killed for lack of memory
 * (memory.events of cgroup v2, memory.oom_control of v1).
 *
 * @returns undefined where the system does not show it
 */
export function oomKills(): number | undefined {
  for (const path of counterFiles()) {
    const count = /^oom_kill (\d+)$/m.exec(read(path) ?? '')?.[1]
    if (count !== undefined) return Number(count)
  }
  return undefined
}

/** cgroups(7): `ID:CONTROLLERS:PATH`. Version 2 has the id 0 and names no controllers. */
function counterFiles(): string[] {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n')
  return lines.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (controllers === '')
      return [`/sys/fs/cgroup${path}/memory.events`, `/sys/fs/cgroup/unified${path}/memory.events`]
    return controllers?.split(',').includes('memory')
      ? [`/sys/fs/cgroup/memory${path}/memory.oom_control`]
      : []
  })
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}
