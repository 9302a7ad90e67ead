import { readFileSync, readlinkSync } from 'node:fs'
import { procVariable } from '@shellflip/internal'

export type ProcessDetails = {
  /** Its command name, as ps(1) shows it (comm). */
  name: string
  /** NOTIFY_SOCKET of its environment. Undefined if the environment lacks it, or if the process has written over its environment. */
  notifySocket: string | undefined
  /** Whether it is in the user, pid and mount namespaces of this process. */
  sharesNamespaces: boolean
}

const namespaces = ['user', 'pid', 'mnt']

/** Reads the details of a process from /proc. Returns undefined if it has gone, or belongs to another user. */
export function processDetails(pid: number): ProcessDetails | undefined {
  try {
    return {
      name: readFileSync(`/proc/${pid}/comm`, 'latin1').trim(),
      notifySocket: procVariable(pid, 'NOTIFY_SOCKET'),
      sharesNamespaces: namespaces.every((name) => link(pid, name) === link('self', name)),
    }
  } catch {
    return undefined
  }
}

function link(pid: number | 'self', name: string): string {
  return readlinkSync(`/proc/${pid}/ns/${name}`)
}
