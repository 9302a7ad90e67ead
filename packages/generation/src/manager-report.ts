import type { NotifyMessage } from '@shellflip/sd-notify'

const reported = [
  'errno',
  'busError',
  'varlinkError',
  'exitStatus',
  'restartReset',
  'custom',
  'unknown',
] as const

/**
 * A generation reports this to the service manager, and a supervisor passes it on: the reason of a failure, the reset
 * of the restart counter, its own keys, and keys that this version does not know.
 *
 * The rest stays here. READY, STOPPING, MAINPID, STATUS and the watchdog mean one generation, and the manager above watches
 * the supervisor. The supervisor has no descriptors to store.
 */
export type ManagerReport = Pick<NotifyMessage, (typeof reported)[number]>

export function reportForManager(message: NotifyMessage): ManagerReport | undefined {
  const told = reported.filter((key) => message[key] !== undefined)
  return told.length === 0 ? undefined : Object.fromEntries(told.map((key) => [key, message[key]]))
}
