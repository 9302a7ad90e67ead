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
 * A report of a generation to the service manager, which a supervisor passes on. It holds the reason of a failure, the reset of the
 * restart counter, the generation's own keys, and keys that this version does not know.
 *
 * The supervisor does not pass on the rest. READY, STOPPING, MAINPID, STATUS and the watchdog concern one generation, while the manager
 * above watches the supervisor. The supervisor has no descriptors to store.
 */
export type ManagerReport = Pick<NotifyMessage, (typeof reported)[number]>

export function reportForManager(message: NotifyMessage): ManagerReport | undefined {
  const told = reported.filter((key) => message[key] !== undefined)
  return told.length === 0 ? undefined : Object.fromEntries(told.map((key) => [key, message[key]]))
}
