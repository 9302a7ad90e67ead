import { lstatSync, rmdirSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isUnixPathBound } from '@shellflip/fd-passing'
import { asError, callListener, lookUpProcess } from '@shellflip/internal'
import { removeLeftNotifyDirectory } from '@shellflip/rolling-supervisor'
import type { OrphansEvent } from './events.ts'
import { isSupervisorAlive, readUsable } from './find-left-behind.ts'
import { findOrphans, nameOf } from './find-orphans.ts'
import { temporaryOf } from './generation-record.ts'

/** The place of a supervisor that is named after its pid, in a folder of its own. */
export type PidPlace = { label: string; controlSocket: string; record: string; folder: string }

export type SweepOptions = {
  /** The program whose notify sockets may be removed. */
  program: string
  onEvent?: (event: OrphansEvent) => void
}

/**
 * Removes the folders of dead supervisors that had no name. It reports a supervisor whose generations are still alive. A sweep that fails
 * is an event.
 *
 * @param places all places there are. Only those whose label is a pid are swept. The caller has checked who can write there
 */
export function sweepPlaces(places: () => readonly PidPlace[], options: SweepOptions): void {
  attempt(options, () => {
    for (const place of places()) {
      if (/^\d+$/.test(place.label)) attempt(options, () => sweep(place, options))
    }
  })
}

function attempt({ onEvent }: SweepOptions, run: () => void): void {
  try {
    run()
  } catch (error) {
    callListener(onEvent, { type: 'sweep-failed', error: asError(error) })
  }
}

function sweep(place: PidPlace, { program, onEvent }: SweepOptions): void {
  const { label } = place
  if (lookUpProcess(Number(label)) !== undefined || isUnixPathBound(place.controlSocket)) return
  const left = readUsable(place.record, onEvent)
  if (left !== undefined && isSupervisorAlive(left)) return
  const orphans = findOrphans(left?.generations ?? [], program)
  for (const orphan of orphans) callListener(onEvent, { type: 'orphan-elsewhere', label, ...nameOf(orphan) })
  if (orphans.length > 0) return
  for (const path of left?.notifyDirectories ?? []) removeLeftNotifyDirectory(path, program)
  removePlace(place)
}

/** Removes the files of a supervisor from its folder, by name. It never removes a folder with all its content. */
function removePlace(place: PidPlace): void {
  const lock = join(dirname(place.controlSocket), `.${basename(place.controlSocket)}.lock`)
  for (const path of [place.controlSocket, lock, place.record, temporaryOf(place.record)]) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false) unlinkSync(path)
  }
  rmdirSync(place.folder)
}
