import { statSync } from 'node:fs'
import { procPids, procVariable } from '@shellflip/internal'

/**
 * Finds the processes of this user that a generation has started, itself included: they were given its notify socket. Returns an empty
 * list where the system does not show them.
 */
export function processesNotifying(
  notifySockets: ReadonlySet<string>,
): { pid: number; notifySocket: string }[] {
  if (process.platform !== 'linux' || notifySockets.size === 0) return []
  return ownPids().flatMap((pid) => {
    const notifySocket = procVariable(pid, 'NOTIFY_SOCKET')
    return notifySocket !== undefined && notifySockets.has(notifySocket) ? [{ pid, notifySocket }] : []
  })
}

function ownPids(): number[] {
  const uid = process.geteuid?.()
  return procPids().filter((pid) => pid !== process.pid && uidOf(pid) === uid)
}

function uidOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}`).uid
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}
