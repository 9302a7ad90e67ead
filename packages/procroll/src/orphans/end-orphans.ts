import { setTimeout as delay } from 'node:timers/promises'
import { watchPid } from '@shellflip/fd-passing'
import { ProcrollError } from '../procroll-error.ts'
import type { RecordedGeneration } from './generation-record.ts'
import { lookUpProcess } from './process-table.ts'

export type EndingOptions = {
  signal: NodeJS.Signals | number
  /** How long they may take to end, in milliseconds. Then SIGKILL follows. */
  timeoutMs: number
  /** Cuts the waiting short: SIGKILL at once. */
  hurry: AbortSignal
}

/** Those of the recorded generations that still run: the same process, not one that got its pid since. */
export function findOrphans(recorded: readonly RecordedGeneration[]): RecordedGeneration[] {
  return recorded.filter(({ pid, startedAt }) => lookUpProcess(pid)?.startedAt === startedAt)
}

/**
 * Ends generations that outlived their supervisor as it would have ended them: the signal, time, SIGKILL, and
 * then what is left of the process group that each led.
 *
 * @throws ProcrollError `ERR_ORPHANS` where the system forbids it
 */
export async function endOrphans(
  orphans: readonly RecordedGeneration[],
  options: EndingOptions,
): Promise<void> {
  await Promise.all(orphans.map((orphan) => endOrphan(orphan, options)))
}

async function endOrphan(orphan: RecordedGeneration, options: EndingOptions): Promise<void> {
  const { pid, startedAt } = orphan
  const entry = lookUpProcess(pid)
  if (entry?.startedAt !== startedAt) return

  send(orphan, pid, options.signal)
  const ended = new AbortController()
  using _ = watchPid(pid, () => ended.abort())
  await delay(options.timeoutMs, undefined, {
    signal: AbortSignal.any([ended.signal, options.hurry]),
  }).catch(() => {})
  if (!ended.signal.aborted) send(orphan, pid, 'SIGKILL')
  await aborted(ended.signal)
  if (entry.group === pid) send(orphan, -pid, 'SIGKILL')
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function send(
  { generation, pid }: RecordedGeneration,
  target: number,
  signal: NodeJS.Signals | number,
): void {
  try {
    process.kill(target, signal)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return
    throw new ProcrollError(
      'ERR_ORPHANS',
      `generation ${generation} (pid ${pid}) of a killed procroll cannot be ended: ${(cause as Error).message}. ` +
        `End it yourself: sudo kill ${pid}`,
      { cause },
    )
  }
}
