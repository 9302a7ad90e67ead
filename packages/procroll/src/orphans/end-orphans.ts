import { setTimeout as delay } from 'node:timers/promises'
import { ProcrollError } from '../procroll-error.ts'
import { findOrphans, type Orphan } from './find-orphans.ts'
import { isStillRunning, lookUpProcess } from './process-table.ts'

export type EndingOptions = {
  signal: NodeJS.Signals | number
  /** How long they may take to end, in milliseconds. Then SIGKILL follows. */
  timeoutMs: number
  /** Cuts the waiting short: SIGKILL at once. */
  hurry: AbortSignal
}

const LOOK_EVERY_MS = 50
const LONGEST_KILL_MS = 10_000

/**
 * Ends generations that outlived their supervisor as it would have ended them. It sends the stop signal to the process group, gives them
 * time to drain, then sends SIGKILL.
 *
 * @throws {ProcrollError} ERR_ORPHANS if the system forbids it
 */
export async function endOrphans(orphans: readonly Orphan[], options: EndingOptions): Promise<void> {
  await Promise.all(orphans.map((orphan) => endOrphan(orphan, options)))
}

async function endOrphan(orphan: Orphan, { signal, timeoutMs, hurry }: EndingOptions): Promise<void> {
  sendToAll(orphan, signal)
  // A stopped process takes the signal when it continues.
  if (signal !== 'SIGKILL') sendToAll(orphan, 'SIGCONT')
  if (!(await endsWithin(orphan, timeoutMs, hurry))) {
    sendToAll(orphan, 'SIGKILL')
    if (!(await endsWithin(orphan, LONGEST_KILL_MS))) throw cannotEnd(orphan, 'SIGKILL did not end it')
  }
  killUnknownMembers(orphan)
}

/** A process that dropped its environment can only be known by its group. A group keeps the pid of its leader from others. */
function killUnknownMembers(orphan: Orphan): void {
  for (const group of orphan.groups) if (lookUpProcess(group) === undefined) send(orphan, -group, 'SIGKILL')
}

async function endsWithin(orphan: Orphan, timeoutMs: number, hurry?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (isLeft(orphan)) {
    if (hurry?.aborted || performance.now() >= deadline) return false
    await delay(LOOK_EVERY_MS, undefined, hurry ? { signal: hurry } : {}).catch(() => {})
  }
  return true
}

/** Processes that it has started since it was found count as well. */
function isLeft(orphan: Orphan): boolean {
  return orphan.members.some(isStillRunning) || stillThere(orphan).length > 0
}

function stillThere({ recorded, groups, main }: Orphan): Orphan['members'] {
  return findOrphans([recorded])
    .flatMap(({ members }) => members)
    .filter(({ pid, group }) => pid === main.pid || groups.includes(group))
}

function sendToAll(orphan: Orphan, signal: NodeJS.Signals | number): void {
  const members = new Map([...orphan.members, ...stillThere(orphan)].map((member) => [member.pid, member]))
  const living = [...members.values()].filter(isStillRunning)
  // A group that contains one of these processes is still theirs: the kernel has not reused the pid of its leader.
  const groups = new Set(living.map(({ group }) => group).filter((group) => orphan.groups.includes(group)))
  for (const group of groups) send(orphan, -group, signal)
  for (const { pid, group } of living) if (!groups.has(group)) send(orphan, pid, signal)
}

function send(orphan: Orphan, target: number, signal: NodeJS.Signals | number): void {
  try {
    process.kill(target, signal)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return
    throw cannotEnd(orphan, (cause as Error).message, cause)
  }
}

function cannotEnd({ title, main }: Orphan, why: string, cause?: unknown): ProcrollError {
  return new ProcrollError(
    'ERR_ORPHANS',
    `${title} cannot be killed: ${why}. Kill it yourself: sudo kill ${main.pid}`,
    { cause },
  )
}
