import { rmSync } from 'node:fs'
import { isUnixPathBound } from '@shellflip/fd-passing'
import { foldersIn } from '../control/find-supervisor.ts'
import { runtimeFolder } from '../control/runtime-folder.ts'
import { placeInRuntimeFolder } from '../control/supervisor-place.ts'
import { removeLeftNotifyDirectory } from '../launch/notify-directory.ts'
import type { Logger } from '../log/logger.ts'
import { ProcrollError } from '../procroll-error.ts'
import { type EndingOptions, endOrphans, findOrphans } from './end-orphans.ts'
import { type RecordedGeneration, type RecordedGenerations, readRecord } from './generation-record.ts'
import { lookUpProcess } from './process-table.ts'

export type OrphanPolicy = 'end' | 'refuse'

/**
 * Deals with what a procroll under this name left behind when it was killed.
 *
 * @throws ProcrollError `ERR_ORPHANS` where they are to be left alone, or cannot be ended
 */
export async function settleOrphans(
  recordPath: string,
  policy: OrphanPolicy,
  ending: EndingOptions,
  logger: Logger,
): Promise<void> {
  const record = readOrWarn(recordPath, logger)
  if (record === undefined) return
  const orphans = findOrphans(record.generations)
  if (orphans.length > 0) {
    if (policy === 'refuse') throw refusal(orphans)
    for (const { generation, pid } of orphans) {
      logger.log('WARN', 'generation of a killed procroll is ended', { generation, pid })
    }
    await endOrphans(orphans, ending)
  }
  removeLeftNotifyDirectory(record.notifyDirectory)
  rmSync(recordPath, { force: true })
}

/** Removes the folders of dead supervisors that had no name. One whose generations live on is only told of. */
export async function sweepUnnamed(logger: Logger): Promise<void> {
  for (const label of foldersIn(runtimeFolder())) {
    const { folder, controlSocket, record } = placeInRuntimeFolder(label)
    if (!/^\d+$/.test(label) || lookUpProcess(Number(label)) !== undefined || isUnixPathBound(controlSocket))
      continue
    const left = readOrWarn(record, logger)
    const orphans = findOrphans(left?.generations ?? [])
    for (const { generation, pid } of orphans) {
      logger.log('WARN', 'a killed procroll without a name left a generation', {
        procroll: label,
        generation,
        pid,
      })
    }
    if (orphans.length > 0) continue
    if (left !== undefined) removeLeftNotifyDirectory(left.notifyDirectory)
    rmSync(folder, { recursive: true, force: true })
  }
}

function readOrWarn(path: string, logger: Logger): RecordedGenerations | undefined {
  try {
    return readRecord(path)
  } catch (error) {
    logger.log('WARN', 'record of former generations is not usable', {
      path,
      error: (error as Error).message,
    })
    return undefined
  }
}

function refusal(orphans: readonly RecordedGeneration[]): ProcrollError {
  const list = orphans.map(({ generation, pid }) => `generation ${generation} (pid ${pid})`).join(', ')
  return new ProcrollError(
    'ERR_ORPHANS',
    `a killed procroll left ${list}: end them (kill ${orphans.map(({ pid }) => pid).join(' ')}), or run with --orphans end`,
  )
}
