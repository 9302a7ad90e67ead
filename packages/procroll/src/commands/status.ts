import { askSupervisor, type PlaceOptions, SupervisorControlError } from '@shellflip/supervisor-control'
import { EXIT_DONE } from '../exit-status.ts'
import { places } from '../places.ts'
import { statusView } from '../terminal/status-view.ts'

export type StatusOptions = PlaceOptions & { json?: boolean; watch?: boolean }

/** Runs `procroll status`: shows the status once, or with every change until the supervisor ends. */
export async function status(options: StatusOptions): Promise<number> {
  const path = places.findControlSocket(options)
  using view = statusView(process.stdout, options)
  let answered = false
  for await (const reply of askSupervisor(path, { type: 'status', watch: options.watch === true })) {
    if (reply.type !== 'status') continue
    answered = true
    view.show(reply.status)
  }
  if (!answered)
    throw new SupervisorControlError('ERR_UNANSWERED', 'the supervisor exited before it answered')
  return EXIT_DONE
}
