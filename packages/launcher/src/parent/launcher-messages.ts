import type { ProcessExit } from '../start/successor-process.ts'

/*
 * The launcher is of the version that was started first, and older than the generations that it starts later on: what
 * stands here stays understood, and what either side does not know changes nothing.
 *
 * Read by hand: zod takes longer to load than all the rest, and is loaded for a control socket only.
 */

/** From a generation. It says nothing of what is to be run: it may have given up privileges that the launcher has. */
export type ToLauncher =
  /** Said once at the start, so that the kernel tells the launcher which process is the service: its child may be a wrapper. */
  | { type: 'hello' }
  /** The generation serves. */
  | { type: 'ready' }
  /** Start a successor. The remote end of the handover channel comes along. */
  | { type: 'start' }
  /** The successor has failed: end it, with all that it has started. */
  | { type: 'kill' }
  /** The successor serves now. */
  | { type: 'serves' }

/** To the generation that has asked. */
export type FromLauncher =
  | { type: 'started'; pid: number }
  | { type: 'cannot-start'; code: string; message: string }
  | { type: 'exited'; exit: ProcessExit }

/**
 * Understands a line.
 *
 * @returns undefined if it is of a type that only another version knows
 * @throws if no version says that
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

/** Its process group may be killed: to kill(2), -1 is everybody. */
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
