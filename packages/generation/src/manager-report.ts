import type { NotifyMessage } from '@shellflip/sd-notify'

/**
 * What a generation reports to whoever manages the service, and a supervisor passes on: the reason of a failure, the reset
 * of the restart counter, its own keys, and keys that this version does not know.
 *
 * The rest stays here. READY, STOPPING, MAINPID, STATUS and the watchdog mean one generation, and the manager above watches
 * the supervisor. The supervisor has no descriptors to store.
 */
export type ManagerReport = Pick<
  NotifyMessage,
  'errno' | 'busError' | 'varlinkError' | 'exitStatus' | 'restartReset' | 'custom' | 'unknown'
>

export function reportForManager(message: NotifyMessage): ManagerReport | undefined {
  const { errno, busError, varlinkError, exitStatus, restartReset, custom, unknown } = message
  const report = { errno, busError, varlinkError, exitStatus, restartReset, custom, unknown }
  const told = Object.entries(report).filter(([, value]) => value !== undefined)
  return told.length === 0 ? undefined : Object.fromEntries(told)
}
