import { formatDuration } from '@shellflip/cli/go'
import { Progress } from '@shellflip/cli/terminal'
import { escapeUnprintable } from '@shellflip/internal'
import {
  askSupervisor,
  type ControlReply,
  type Outcome,
  type PlaceOptions,
  SupervisorControlError,
} from '@shellflip/supervisor-control'
import { EXIT_DONE, EXIT_FAILED } from '../exit-status.ts'
import { places } from '../places.ts'
import { ProcrollError } from '../procroll-error.ts'
import { formatOutcome } from '../terminal/status-table.ts'

export type RollOptions = PlaceOptions & {
  /** How long the caller waits, in milliseconds. The roll itself has `readyTimeout`. */
  timeout?: number
}

/** Runs `procroll roll`: requests a roll, and waits for its outcome. */
export async function roll(options: RollOptions): Promise<number> {
  const path = places.findControlSocket(options)
  const outcome = await outcomeOf(path, options.timeout)
  if (outcome.type === 'rolled') {
    process.stdout.write(`${formatOutcome(outcome)}\n`)
    return EXIT_DONE
  }
  process.stderr.write(`procroll: ${escapeUnprintable(formatOutcome(outcome))}\n`)
  return EXIT_FAILED
}

async function outcomeOf(path: string, timeoutMs: number | undefined): Promise<Outcome> {
  using progress = new Progress()
  const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
  try {
    for await (const reply of askSupervisor(path, { type: 'roll' }, signal)) {
      if (reply.type === 'roll-ended') return reply.outcome
      show(progress, reply)
    }
  } catch (error) {
    if (!signal?.aborted) throw error
    throw new ProcrollError(
      'ERR_ROLL_TIMED_OUT',
      `no outcome within ${formatDuration(timeoutMs ?? 0)}. The roll continues: procroll status shows it`,
      { cause: error },
    )
  }
  throw new SupervisorControlError('ERR_UNANSWERED', 'the supervisor exited before the roll was over')
}

function show(progress: Progress, reply: ControlReply): void {
  if (reply.type === 'roll-queued') {
    progress.enter({ text: 'another roll or start is in progress. This one follows' })
  }
  if (reply.type === 'roll-started') {
    const { generation, pid, readyTimeoutMs } = reply
    progress.enter({ text: `generation ${generation} (pid ${pid}) is starting`, limitMs: readyTimeoutMs })
  }
}
