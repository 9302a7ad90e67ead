import * as z from 'zod'

const outcomeSchemas = [
  z.object({
    type: z.literal('rolled'),
    generation: z.int(),
    pid: z.int(),
    elapsedMs: z.number().describe('from the start of the roll to its end'),
  }),
  z.object({
    type: z.literal('failed'),
    generation: z.int(),
    reason: z.string().describe('as "exited with 3 before ready"'),
    elapsedMs: z.number(),
  }),
  z.object({ type: z.literal('refused'), reason: z.string().describe('why no generation was started') }),
] as const

/** The outcome of a roll, as its requesters get it. */
export const outcomeSchema = z.discriminatedUnion('type', outcomeSchemas)
export type Outcome = z.infer<typeof outcomeSchema>

/** The status of a supervisor, as a program prints it for other programs: one object a line. */
export const statusSchema = z.object({
  name: z.string().describe('the name of the supervisor, else its pid'),
  pid: z.int().describe('the pid of the supervisor'),
  version: z.string().describe('the version of the program that supervises'),
  state: z.enum(['starting', 'serving', 'rolling', 'backing-off', 'stopping', 'stopped']),
  since: z.iso.datetime().describe('when it was started'),
  command: z.array(z.string()).describe('the command as given, its templates not filled in'),
  generations: z
    .array(
      z.object({
        generation: z.int(),
        pid: z.int().optional().describe('its main process; absent while there is none'),
        state: z.enum(['starting', 'ready', 'draining', 'failed', 'exited']),
        since: z.iso.datetime().describe('when it entered this state'),
        status: z.string().optional().describe('its last STATUS=, unchanged'),
      }),
    )
    .describe('those alive, oldest first'),
  listeners: z
    .array(z.object({ name: z.string(), address: z.string() }))
    .describe('the sockets that it opened for its generations'),
  lastRoll: outcomeSchema.optional(),
})
export type Status = z.infer<typeof statusSchema>
