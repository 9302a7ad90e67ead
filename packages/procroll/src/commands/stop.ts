import { Progress } from '@shellflip/cli/terminal'
import { watchPid } from '@shellflip/fd-passing'
import { askSupervisor, type PlaceOptions, SupervisorControlError } from '@shellflip/supervisor-control'
import { EXIT_DONE } from '../exit-status.ts'
import { places } from '../places.ts'

export type StopOptions = PlaceOptions & {
  /** Kills the generations instead of waiting until they drained. */
  now: boolean
}

/** Stops a supervisor and its generations, and waits until it is gone. Several requests are one stop. */
export async function stop(options: StopOptions): Promise<number> {
  const path = places.findControlSocket(options)
  using progress = new Progress()
  let gone: Promise<void> | undefined
  try {
    for await (const reply of askSupervisor(path, { type: 'stop', now: options.now })) {
      if (reply.type !== 'stopping') continue
      gone ??= exitOf(reply.pid)
      if (reply.generations.length > 0)
        progress.enter({ text: `waiting for generation ${reply.generations.join(', ')}` })
    }
  } catch (error) {
    // The supervisor has ended. That counts, even if it could not report it.
    if (gone === undefined || !(error instanceof SupervisorControlError)) throw error
  }
  if (gone === undefined) throw new SupervisorControlError('ERR_UNANSWERED', 'the supervisor did not answer')
  await gone
  return EXIT_DONE
}

function exitOf(pid: number): Promise<void> {
  return new Promise((resolve) => {
    watchPid(pid, resolve)
  })
}
