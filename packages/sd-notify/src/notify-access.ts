import type { Credentials } from '@shellflip/fd-passing'
import { show } from '@shellflip/internal'
import { checkOptions, checkPid, invalid } from './check-argument.ts'
import type { NotifyAccess } from './message.ts'

/**
 * Returns whether a manager accepts a message, judged by its sender. A message without credentials (the system does not provide them, or
 * the sender was gone) is accepted under `all` only.
 *
 * `all` means every process that can reach the socket. systemd narrows that to the service's cgroup, and a socket of mode 0600 to the
 * same user.
 *
 * @param controlPids the service's helpers, which `exec` accepts too (systemd's ExecStartPost= and the like).
 */
export function isAllowed(
  access: NotifyAccess,
  sender: Credentials | undefined,
  mainPid: number,
  controlPids: readonly number[] = [],
): boolean {
  if (!['none', 'main', 'exec', 'all'].includes(access))
    throw invalid(`access must be 'none', 'main', 'exec' or 'all', not ${show(access)}`)
  checkPid('mainPid', mainPid)
  if (!Array.isArray(controlPids)) throw invalid(`controlPids must be an array, not ${show(controlPids)}`)
  if (sender !== undefined) checkOptions('sender', sender, { pid: 'count', uid: 'count', gid: 'count' })
  if (access === 'all') return true
  if (access === 'none' || sender === undefined) return false
  return sender.pid === mainPid || (access === 'exec' && controlPids.includes(sender.pid))
}
