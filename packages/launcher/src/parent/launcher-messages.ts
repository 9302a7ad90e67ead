import type { ProcessExit } from '../start/successor-process.ts'

/*
 * The launcher runs the version that was started first. It is older than the generations that it starts later. So later versions
 * must understand these messages, and a message that either side does not know changes nothing.
 *
 * The parser is written by hand: zod takes longer to load than all the rest, and is loaded for a control socket only.
 */

/** A message from a generation. It does not name what to run: a generation may have given up privileges that the launcher has. */
export type ToLauncher =
  /** Sent once at the start, so that the kernel tells the launcher which process is the service. The launcher's child may be a wrapper. */
  | { type: 'hello' }
  /** The generation serves. */
  | { type: 'ready' }
  /** Start a successor. The remote end of the handover channel comes with it. */
  | { type: 'start' }
  /** The successor has failed. Kill it, with everything that it has started. */
  | { type: 'kill' }
  /** The successor serves now. */
  | { type: 'serves' }

/** A message to the generation that sent the request. */
export type FromLauncher =
  | { type: 'started'; pid: number }
  | { type: 'cannot-start'; code: string; message: string }
  | { type: 'exited'; exit: ProcessExit }

/**
 * Parses a line.
 *
 * @returns undefined if it is of a type that only another version knows
 * @throws {Error} if no version sends such a line
 */
export type ReadMessage<M> = (line: string) => M | undefined

const types: readonly ToLauncher[] = [
  { type: 'hello' },
  { type: 'ready' },
  { type: 'start' },
  { type: 'kill' },
  { type: 'serves' },
]

export const readToLauncher: ReadMessage<ToLauncher> = (line) => {
  const { type } = fieldsOf(JSON.parse(line))
  return types.find((known) => known.type === type)
}

export const readFromLauncher: ReadMessage<FromLauncher> = (line) => {
  const { type, pid, code, message, exit } = fieldsOf(JSON.parse(line))
  if (type === 'started') return { type, pid: pidOf(pid) }
  if (type === 'cannot-start') return { type, code: String(code), message: String(message) }
  return type === 'exited' ? { type, exit: exitOf(exit) } : undefined
}

/** Refuses other pids, because the launcher may kill its process group. To kill(2), -1 means every process. */
function pidOf(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 1) return value as number
  throw new TypeError('it is not a pid')
}

function exitOf(value: unknown): ProcessExit {
  const { code, signal } = fieldsOf(value)
  if (typeof code === 'number' && signal === null) return { code, signal }
  if (typeof signal === 'string' && code === null) return { code, signal: signal as NodeJS.Signals }
  throw new TypeError('it is not an exit status')
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new TypeError('it is not a message')
}
