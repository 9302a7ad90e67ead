import type { Logger } from '../log/logger.ts'
import { ProcrollError } from '../procroll-error.ts'
import type { EndingOptions } from './end-orphans.ts'
import type { Orphan } from './find-orphans.ts'
import { type GenerationsRecord, readRecord } from './generation-record.ts'
import { LeftBehind } from './left-behind.ts'
import { isStillRunning } from './process-table.ts'

/**
 * The policy for the generations of a killed procroll:
 *
 * - `end`: they serve until the next generation is ready, and end then
 * - `end-first`: they end before the next generation starts
 * - `refuse`: they are listed, and nothing is started
 */
export type OrphanPolicy = 'end' | 'end-first' | 'refuse'

/**
 * Reads the record that a killed procroll of this name left behind, and applies the policy to its generations.
 *
 * @throws {ProcrollError} ERR_NAME_IN_USE if that procroll is still alive
 * @throws {ProcrollError} ERR_ORPHANS if its generations must be left alone, or cannot be ended
 */
export async function findLeftBehind(
  recordPath: string,
  policy: OrphanPolicy,
  ending: EndingOptions,
  logger: Logger,
): Promise<LeftBehind> {
  const record = readOrWarn(recordPath, logger)
  if (record !== undefined) checkSupervisorIsGone(record, recordPath)
  const left = new LeftBehind(record ?? { generations: [], listeners: [], notifyDirectories: [] }, ending)
  const orphans = left.orphans()
  if (policy === 'refuse' && orphans.length > 0) throw refusal(orphans)
  for (const orphan of orphans) {
    const [message, fields] = [messages[policy], describe(orphan)]
    logger.log('WARN', message, fields)
  }
  if (orphans.length === 0 || policy === 'end-first') await left.end()
  return left
}

const messages = {
  end: 'generation of a killed procroll keeps serving until the next one is ready',
  'end-first': 'ending the generation of a killed procroll',
  refuse: '',
} satisfies Record<OrphanPolicy, string>

/** Its control socket may have been removed while it lives. Its generations are healthy, and its own. */
export function isSupervisorAlive({ supervisor }: GenerationsRecord): boolean {
  return supervisor.pid !== process.pid && isStillRunning(supervisor)
}

function checkSupervisorIsGone(record: GenerationsRecord, path: string): void {
  if (!isSupervisorAlive(record)) return
  const { pid } = record.supervisor
  throw new ProcrollError(
    'ERR_NAME_IN_USE',
    `a supervisor (pid ${pid}) is running, and ${path} is its record. Its control socket was removed. It creates that ` +
      `again within seconds. Stop it (kill ${pid}), or choose another --name or --control-socket`,
  )
}

export function readOrWarn(path: string, logger: Logger): GenerationsRecord | undefined {
  try {
    return readRecord(path)
  } catch (error) {
    logger.log('WARN', 'cannot use the record of former generations', {
      path,
      error: (error as Error).message,
    })
    return undefined
  }
}

export function describe({ recorded, main }: Orphan): { generation: number; pid: number } {
  return { generation: recorded.generation, pid: main.pid }
}

function refusal(orphans: readonly Orphan[]): ProcrollError {
  const list = orphans
    .map(({ recorded, main }) => `generation ${recorded.generation} (pid ${main.pid})`)
    .join(', ')
  return new ProcrollError(
    'ERR_ORPHANS',
    `a killed procroll left ${list}. End them (kill ${orphans.map(({ main }) => main.pid).join(' ')}), ` +
      'or run with --orphans end',
  )
}
