import { lstatSync, rmdirSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isUnixPathBound } from '@shellflip/fd-passing'
import { labelsIn } from '../control/find-supervisor.ts'
import { findRuntimeFolder } from '../control/runtime-folder.ts'
import { placeInRuntimeFolder, type SupervisorPlace } from '../control/supervisor-place.ts'
import { removeLeftNotifyDirectory } from '../launch/notify-directory.ts'
import type { Logger } from '../log/logger.ts'
import { describe, isSupervisorAlive, readOrWarn } from './find-left-behind.ts'
import { findOrphans } from './find-orphans.ts'
import { temporaryOf } from './generation-record.ts'
import { lookUpProcess } from './process-table.ts'

/**
 * Removes the folders of dead supervisors that had no name. It reports a supervisor whose generations are still alive. A sweep that fails
 * must not fail the start.
 */
export function sweepUnnamed(logger: Logger): void {
  attempt(logger, () => {
    const folder = findRuntimeFolder()
    const labels = folder === undefined ? [] : labelsIn(folder)
    for (const label of labels) if (/^\d+$/.test(label)) attempt(logger, () => sweep(label, logger))
  })
}

function attempt(logger: Logger, run: () => void): void {
  try {
    run()
  } catch (error) {
    logger.log('DEBUG', 'cannot remove the folder of a dead supervisor', { error: (error as Error).message })
  }
}

function sweep(label: string, logger: Logger): void {
  const place = placeInRuntimeFolder(label)
  if (lookUpProcess(Number(label)) !== undefined || isUnixPathBound(place.controlSocket)) return
  const left = readOrWarn(place.record, logger)
  if (left !== undefined && isSupervisorAlive(left)) return
  const orphans = findOrphans(left?.generations ?? [])
  for (const orphan of orphans) {
    const fields = { procroll: label, ...describe(orphan) }
    logger.log('WARN', 'a killed procroll without a name left a generation', fields)
  }
  if (orphans.length > 0) return
  for (const path of left?.notifyDirectories ?? []) removeLeftNotifyDirectory(path)
  removePlace(place)
}

/** Removes the files of a supervisor from its folder, by name. It never removes a folder with all its content. */
function removePlace(place: SupervisorPlace & { folder: string }): void {
  const lock = join(dirname(place.controlSocket), `.${basename(place.controlSocket)}.lock`)
  for (const path of [place.controlSocket, lock, place.record, temporaryOf(place.record)]) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false) unlinkSync(path)
  }
  rmdirSync(place.folder)
}
