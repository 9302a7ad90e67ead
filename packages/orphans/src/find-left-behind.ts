import { asError, callListener, isStillRunning } from '@shellflip/internal'
import type { OrphansEvent } from './events.ts'
import { nameOf, type Orphan } from './find-orphans.ts'
import { type GenerationsRecord, readRecord } from './generation-record.ts'
import { LeftBehind } from './left-behind.ts'
import type { ProgramTexts, Settings } from './options.ts'
import { OrphansError } from './orphans-error.ts'

/**
 * Reads the record that a killed supervisor left behind, and applies the policy to its generations.
 *
 * @throws {OrphansError} ERR_SUPERVISOR_ALIVE if that supervisor is still alive
 * @throws {OrphansError} ERR_ORPHANS_FOUND
 * @throws {OrphansError} ERR_ORPHAN_STAYS
 */
export async function findLeftBehind(settings: Settings): Promise<LeftBehind> {
  const { record: path, policy, texts, onEvent } = settings
  const record = path === undefined ? undefined : readUsable(path, onEvent)
  if (path !== undefined && record !== undefined) checkSupervisorIsGone(record, path, texts)
  const left = new LeftBehind(record ?? { generations: [], listeners: [], notifyDirectories: [] }, settings)
  const orphans = left.orphans()
  if (policy === 'refuse') {
    if (orphans.length > 0) throw refusal(orphans, texts)
  } else {
    for (const orphan of orphans) callListener(onEvent, { type: 'orphan-found', policy, ...nameOf(orphan) })
  }
  if (orphans.length === 0 || policy === 'end-first') await left.end()
  return left
}

/** Its control socket may have been removed while it lives. Its generations are healthy, and its own. */
export function isSupervisorAlive({ supervisor }: GenerationsRecord): boolean {
  return supervisor.pid !== process.pid && isStillRunning(supervisor)
}

function checkSupervisorIsGone(record: GenerationsRecord, path: string, { otherRecord }: ProgramTexts): void {
  if (!isSupervisorAlive(record)) return
  const { pid } = record.supervisor
  throw new OrphansError(
    'ERR_SUPERVISOR_ALIVE',
    `a supervisor (pid ${pid}) is running, and ${path} is its record. Its control socket was removed. It creates that ` +
      `again within seconds. Stop it (kill ${pid}), or ${otherRecord}`,
  )
}

/** Reads a record. One that is not usable is reported, and ignored. */
export function readUsable(
  path: string,
  onEvent: ((event: OrphansEvent) => void) | undefined,
): GenerationsRecord | undefined {
  try {
    return readRecord(path)
  } catch (error) {
    callListener(onEvent, { type: 'record-unusable', path, error: asError(error) })
    return undefined
  }
}

function refusal(orphans: readonly Orphan[], { program, policyEnd }: ProgramTexts): OrphansError {
  const list = orphans.map(nameOf).map(({ generation, pid }) => `generation ${generation} (pid ${pid})`)
  return new OrphansError(
    'ERR_ORPHANS_FOUND',
    `a killed ${program} left ${list.join(', ')}. End them (kill ${orphans.map(({ main }) => main.pid).join(' ')}), ` +
      `or ${policyEnd}`,
  )
}
