import { type ShapeOf, shape } from '@shellflip/internal'

const { arrayOf, dateTime, integer, number, object, oneOf, optional, string, variants } = shape

/** The outcome of a roll, as its requesters get it. */
export const outcomeSchema = variants({
  rolled: {
    generation: integer(),
    pid: integer(),
    /** From the start of the roll to its end. */
    elapsedMs: number,
  },
  failed: {
    generation: integer(),
    /** For example "exited with 3 before ready". */
    reason: string,
    elapsedMs: number,
  },
  /** `reason` says why no generation was started. */
  refused: { reason: string },
})
export type Outcome = ShapeOf<typeof outcomeSchema>

/** The status of a supervisor, as a program prints it for other programs: one object a line. */
export const statusSchema = object({
  /** The name of the supervisor, else its pid. */
  name: string,
  /** The pid of the supervisor. */
  pid: integer(),
  /** The version of the program that supervises. */
  version: string,
  state: oneOf('starting', 'serving', 'rolling', 'backing-off', 'stopping', 'stopped'),
  /** When it was started. */
  since: dateTime,
  /** The command as given. Its templates are not filled in. */
  command: arrayOf(string),
  /** Those alive, oldest first. */
  generations: arrayOf(
    object({
      generation: integer(),
      /** Its main process. Absent while there is none. */
      pid: optional(integer()),
      state: oneOf('starting', 'ready', 'draining', 'failed', 'exited'),
      /** When it entered this state. */
      since: dateTime,
      /** Its last STATUS=, unchanged. */
      status: optional(string),
    }),
  ),
  /** The sockets that it opened for its generations. */
  listeners: arrayOf(object({ name: string, address: string })),
  lastRoll: optional(outcomeSchema),
})
export type Status = ShapeOf<typeof statusSchema>
