import type { ProcessExit } from '../successor/successor-process.ts'

/*
 * The launcher is of the version that was started first, and older than the generations that it starts later on: what
 * stands here stays understood, and what either side does not know changes nothing.
 */

/** From a generation. It says nothing of what is to be run: it may have given up privileges that the launcher has. */
export type ToLauncher =
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
