import { isStillRunning, lookUpProcess } from '@shellflip/internal'
import type { OrphanName } from './events.ts'
import type { RecordedGeneration } from './generation-record.ts'
import { processesNotifying } from './processes-notifying.ts'

type StartedProcess = { pid: number; startedAt: string; group: number }

/** A generation that outlived its supervisor. */
export type Orphan = {
  /** Names it in an error. */
  title: string
  recorded: RecordedGeneration
  /** Its main process, or the oldest one where that is gone. */
  main: StartedProcess
  /** The process groups to end with it. */
  groups: readonly number[]
  /** Its processes in these groups, and the main one. */
  members: readonly StartedProcess[]
}

/**
 * Finds those of the recorded generations that still run. The main process is found by its pid and start time. All
 * others, and those that were just being started, are found by the notify socket that they were given.
 *
 * @param program the program that was killed, for their titles
 */
export function findOrphans(recorded: readonly RecordedGeneration[], program = 'supervisor'): Orphan[] {
  const found = processesNotifying(new Set(recorded.map(({ notifySocket }) => notifySocket)))
  return recorded.flatMap((generation) => {
    const pids = found.filter(({ notifySocket }) => notifySocket === generation.notifySocket)
    return orphanOf(generation, started(pids.map(({ pid }) => pid)), program)
  })
}

function orphanOf(
  recorded: RecordedGeneration,
  notifying: readonly StartedProcess[],
  program: string,
): Orphan[] {
  const recordedMain = recordedProcess(recorded)
  const all = [
    ...(recordedMain ? [recordedMain] : []),
    ...notifying.filter(({ pid }) => pid !== recordedMain?.pid),
  ]
  const main = recordedMain ?? oldest(all)
  if (main === undefined) return []
  const groups = groupsOf(recorded, recordedMain, all)
  const members = all.filter((each) => each.pid === main.pid || groups.includes(each.group))
  const title = `generation ${recorded.generation} (pid ${main.pid}) of a killed ${program}`
  return [{ title, recorded, main, groups, members }]
}

function recordedProcess({ pid, startedAt }: RecordedGeneration): StartedProcess | undefined {
  if (pid === undefined || startedAt === undefined || !isStillRunning({ pid, startedAt })) return undefined
  return started([pid])[0]
}

/**
 * A helper that the service put into its own group outlives the service, as decision 7 says. If the main process and the recorded group
 * are both gone, every process that was given the notify socket counts.
 */
function groupsOf(
  { group }: RecordedGeneration,
  main: StartedProcess | undefined,
  all: readonly StartedProcess[],
): number[] {
  const groups = new Set(all.map((each) => each.group).filter((each) => each > 1 && each !== ownGroup()))
  const certain = [...groups].filter((each) => each === group || each === main?.pid)
  return main !== undefined || certain.length > 0 ? certain : [...groups]
}

function ownGroup(): number | undefined {
  return lookUpProcess(process.pid)?.group
}

function oldest(processes: readonly StartedProcess[]): StartedProcess | undefined {
  const startedTicks = ({ startedAt }: StartedProcess) => Number(startedAt.split(':')[1])
  return [...processes].sort(
    (one, other) => startedTicks(one) - startedTicks(other) || one.pid - other.pid,
  )[0]
}

function started(pids: readonly number[]): StartedProcess[] {
  return pids.flatMap((pid) => {
    const entry = lookUpProcess(pid)
    return entry === undefined ? [] : [{ pid, ...entry }]
  })
}

/** Names an orphan in an event. */
export function nameOf({ recorded, main }: Orphan): OrphanName {
  return { generation: recorded.generation, pid: main.pid }
}
