import type { PidPlace } from '@shellflip/orphans'
import { labelsIn } from '../control/find-supervisor.ts'
import { findRuntimeFolder } from '../control/runtime-folder.ts'
import { placeInRuntimeFolder } from '../control/supervisor-place.ts'

/** Lists the places of this user's supervisors that have no name: they are named after their pid. */
export function unnamedPlaces(): PidPlace[] {
  const folder = findRuntimeFolder()
  const labels = folder === undefined ? [] : labelsIn(folder)
  return labels.filter((label) => /^\d+$/.test(label)).map(placeInRuntimeFolder)
}
