import { type ShapeOf, shape } from '@shellflip/internal'
import { outcomeSchema, statusSchema } from './status.ts'

const { arrayOf, boolean, integer, number, optional, string, variants } = shape

const requestSchema = variants({
  roll: {},
  /** With `watch`, the present status and every later one. */
  status: { watch: optional(boolean) },
  /** With `now`, the generations get no time to drain. */
  stop: { now: optional(boolean) },
})

const replySchema = variants({
  /** Another roll is in progress. The requested roll follows it. */
  'roll-queued': {},
  'roll-started': { generation: integer(), pid: integer(), readyTimeoutMs: number },
  'roll-ended': { outcome: outcomeSchema },
  status: { status: statusSchema },
  /** The supervisor (`pid`) ends, once these generations have. */
  stopping: { pid: integer(), generations: arrayOf(integer()) },
  /** The supervisor does not answer this request. */
  refused: { reason: string },
})

export type ControlRequest = ShapeOf<typeof requestSchema>
export type ControlReply = ShapeOf<typeof replySchema>

/** The requests to a supervisor over its control socket, and its replies. */
export const supervisorProtocol = {
  request: requestSchema,
  reply: replySchema,
  refuse: (reason: string): ControlReply => ({ type: 'refused', reason }),
  /** Watchers are counted apart: a dashboard that leaks them keeps nobody from a roll, a status or a stop. */
  kindOf: (request: ControlRequest): string =>
    request.type === 'status' && request.watch ? 'watch' : request.type,
}
