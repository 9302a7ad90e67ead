import { join } from 'node:path'
import { usageError } from '../procroll-error.ts'
import { runtimeFolder } from './runtime-folder.ts'

/** The paths at which a supervisor gets requests, and at which it records its processes. */
export type SupervisorPlace = {
  /** The supervisor's name for people: its name, its pid, or its control socket. */
  label: string
  controlSocket: string
  /** The record of its generations, for the next supervisor after a SIGKILL. */
  record: string
  /** Made for this supervisor alone, and removed with it. */
  folder?: string
}

export type PlaceOptions = { name?: string; controlSocket?: string }

export function placeInRuntimeFolder(label: string): SupervisorPlace & { folder: string } {
  const folder = join(runtimeFolder(), label)
  return {
    label,
    folder,
    controlSocket: join(folder, 'control.sock'),
    record: join(folder, 'generations.json'),
  }
}

export function placeByControlSocket(path: string): SupervisorPlace {
  return { label: path, controlSocket: path, record: `${path}.generations.json` }
}

/** Checks a supervisor's name. It becomes the name of a folder. A supervisor without a name uses its pid. */
export function parseName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(text)) return text
  throw usageError(
    `"${text.slice(0, 80)}" is not a name. A name has up to 64 letters, digits, dots, dashes, underscores or @: api, web@1`,
  )
}

/** Checks a new name: it must not be one that could be the pid of another supervisor. */
export function parseNewName(text: string): string {
  if (!/^\d+$/.test(text)) return parseName(text)
  throw usageError(`"${text}" could be a pid. A name needs a character that is not a digit: api, web@1`)
}
