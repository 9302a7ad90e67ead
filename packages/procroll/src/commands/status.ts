import { converse } from '@shellflip/control-socket'
import { findControlSocket } from '../control/find-supervisor.ts'
import type { Status } from '../control/status.ts'
import type { PlaceOptions } from '../control/supervisor-place.ts'
import { procrollVocabulary } from '../control/vocabulary.ts'
import { formatStatus } from '../terminal/status-table.ts'

export type StatusOptions = PlaceOptions & { json?: boolean; watch?: boolean }

/** `procroll status`: once, or with every change until the supervisor ends. */
export async function status(options: StatusOptions): Promise<number> {
  const path = await findControlSocket(options)
  const request = { type: 'status' as const, watch: options.watch === true }
  for await (const reply of converse({ path, vocabulary: procrollVocabulary, request })) {
    if (reply.type === 'status') process.stdout.write(render(reply.status, options))
  }
  return 0
}

function render(status: Status, { json, watch }: StatusOptions): string {
  if (json) return `${JSON.stringify(status)}\n`
  if (!watch) return formatStatus(status)
  const clearScreen = process.stdout.isTTY ? '\x1b[H\x1b[2J' : ''
  return `${clearScreen}${formatStatus(status)}${clearScreen ? '' : '\n'}`
}
