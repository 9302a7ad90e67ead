import type { EndingPolicy } from './options.ts'

/** A generation, and its main process. */
export type OrphanName = { generation: number; pid: number }

export type OrphansEvent =
  /** A generation of a killed supervisor still runs. It serves on (`end`), or ends now (`end-first`). */
  | ({ type: 'orphan-found'; policy: EndingPolicy } & OrphanName)
  /** It ends before anything starts, because it holds an address that cannot be taken over. */
  | ({ type: 'orphan-in-the-way'; reason: string } & OrphanName)
  /** The first generation serves, so this one gets the stop signal. */
  | ({ type: 'orphan-draining' } & OrphanName)
  /** It could not be ended. */
  | { type: 'orphan-stays'; error: Error }
  /** No generation of this supervisor serves, so this one serves on. */
  | ({ type: 'orphan-serves-on' } & OrphanName)
  /** A killed supervisor at another place left a generation. Nobody replaces it. */
  | ({ type: 'orphan-elsewhere'; label: string } & OrphanName)
  /** A listening socket of an orphan cannot be taken over. It is opened anew. */
  | { type: 'listener-not-taken'; socket: string; error: Error }
  /** The record of a former supervisor cannot be read, or is not one. It is ignored. */
  | { type: 'record-unusable'; path: string; error: Error }
  /** The record cannot be written: after a SIGKILL nobody would find the generations. */
  | { type: 'record-failed'; error: Error }
  /** A generation that failed before it was ready left a process in the background. It is ended. */
  | ({ type: 'background-process' } & OrphanName)
  /** A process that a generation left in the background cannot be ended. */
  | { type: 'background-process-stays'; generation: number; error: Error }
  /** The cannot remove the folder of a dead supervisor. */
  | { type: 'sweep-failed'; error: Error }
