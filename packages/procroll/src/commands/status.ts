import { askSupervisor } from '../control/ask-supervisor.ts'
import { findControlSocket } from '../control/find-supervisor.ts'
import type { Status } from '../control/status.ts'
import type { PlaceOptions } from '../control/supervisor-place.ts'
import { terminalSafeJson } from '../log/format-json.ts'
import { ProcrollError } from '../procroll-error.ts'
import { formatStatus } from '../terminal/status-table.ts'

export type StatusOptions = PlaceOptions & { json?: boolean; watch?: boolean }

/** `procroll status`: once, or with every change until the supervisor ends. */
export async function status(options: StatusOptions): Promise<number> {
  const path = await findControlSocket(options)
  let answered = false
  for await (const reply of askSupervisor(path, { type: 'status', watch: options.watch === true })) {
    if (reply.type !== 'status') continue
    answered = true
    process.stdout.write(render(reply.status, options))
  }
  if (!answered) throw new ProcrollError('ERR_UNANSWERED', 'the supervisor ended before it answered')
  return 0
}

function render(status: Status, { json, watch }: StatusOptions): string {
  if (json) return `${terminalSafeJson(status)}\n`
  if (!watch) return formatStatus(status)
  const clearScreen = process.stdout.isTTY ? '\x1b[H\x1b[2J' : ''
  return `${clearScreen}${formatStatus(status)}${clearScreen ? '' : '\n'}`
}
