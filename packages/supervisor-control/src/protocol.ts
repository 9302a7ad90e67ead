import * as z from 'zod'
import { outcomeSchema, statusSchema } from './status.ts'

const requestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('roll') }),
  /** With `watch`, the present status and every later one. */
  z.object({ type: z.literal('status'), watch: z.boolean().optional() }),
  /** With `now`, the generations get no time to drain. */
  z.object({ type: z.literal('stop'), now: z.boolean().optional() }),
])

const replySchema = z.discriminatedUnion('type', [
  /** Another roll is in progress. The requested roll follows it. */
  z.object({ type: z.literal('roll-queued') }),
  z.object({
    type: z.literal('roll-started'),
    generation: z.int(),
    pid: z.int(),
    readyTimeoutMs: z.number(),
  }),
  z.object({ type: z.literal('roll-ended'), outcome: outcomeSchema }),
  z.object({ type: z.literal('status'), status: statusSchema }),
  /** The supervisor (`pid`) ends, once these generations have. */
  z.object({ type: z.literal('stopping'), pid: z.int(), generations: z.array(z.int()) }),
  /** The supervisor does not answer this request. */
  z.object({ type: z.literal('refused'), reason: z.string() }),
])

export type ControlRequest = z.infer<typeof requestSchema>
export type ControlReply = z.infer<typeof replySchema>

/** The requests to a supervisor over its control socket, and its replies. */
export const supervisorProtocol = {
  request: requestSchema,
  reply: replySchema,
  refuse: (reason: string): ControlReply => ({ type: 'refused', reason }),
  /** Watchers are counted apart: a dashboard that leaks them keeps nobody from a roll, a status or a stop. */
  kindOf: (request: ControlRequest): string =>
    request.type === 'status' && request.watch ? 'watch' : request.type,
}
