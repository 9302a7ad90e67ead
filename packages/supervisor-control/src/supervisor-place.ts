import { SupervisorControlError } from './supervisor-control-error.ts'

/** The paths at which a supervisor gets requests, and at which it may record its processes. */
export type SupervisorPlace = {
  /** The supervisor's name for people: its name, its pid, or its control socket. */
  label: string
  controlSocket: string
  /** A path for the program's record of its generations, which the next supervisor reads after a SIGKILL. */
  record: string
  /** Made for this supervisor alone, and removed with it. */
  folder?: string
}

/** Says which supervisor is meant. */
export type PlaceOptions = { name?: string; controlSocket?: string }

/** Checks a supervisor's name, which becomes the name of a folder. @throws {SupervisorControlError} ERR_INVALID_NAME */
export function parseName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(text)) return text
  throw new SupervisorControlError(
    'ERR_INVALID_NAME',
    `"${text.slice(0, 80)}" is not a name. A name has up to 64 letters, digits, dots, dashes, underscores or @: api, web@1`,
  )
}

/**
 * Checks a new name. It must not be one that could be the pid of another supervisor: a supervisor without a name uses its pid.
 *
 * @throws {SupervisorControlError} ERR_INVALID_NAME
 */
export function parseNewName(text: string): string {
  if (!/^\d+$/.test(text)) return parseName(text)
  throw new SupervisorControlError(
    'ERR_INVALID_NAME',
    `"${text}" could be a pid. A name needs a character that is not a digit: api, web@1`,
  )
}
