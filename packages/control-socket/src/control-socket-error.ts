/**
 * What went wrong, stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: a mistake in an option. The message names it.
 * - `ERR_NOBODY_THERE`: nothing listens at the path.
 * - `ERR_BUSY`: something listens, and its queue of connections is full.
 * - `ERR_PATH_IN_USE`: a live instance listens at the path, or something that is no socket stands there.
 * - `ERR_PATH_TOO_LONG`: the kernel takes no socket path of this length.
 * - `ERR_FORBIDDEN`: others can write or replace the folder, we may not connect, or another user listens at the path.
 * - `ERR_MALFORMED`: bytes that are no frame, or a message that is not in the vocabulary.
 * - `ERR_FRAME_TOO_LARGE`: a frame beyond the limit, refused by its announced length.
 * - `ERR_CLOSED_EARLY`: the other side went away before it had said everything.
 * - `ERR_TIMED_OUT`: the other side was too slow to ask or to read.
 * - `ERR_SERVER_CLOSED`: the server was closed before it could be used like this.
 * - `ERR_SYSTEM`: the system refused; `cause` says what and why.
 */
export type ControlSocketErrorCode =
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_NOBODY_THERE'
  | 'ERR_BUSY'
  | 'ERR_PATH_IN_USE'
  | 'ERR_PATH_TOO_LONG'
  | 'ERR_FORBIDDEN'
  | 'ERR_MALFORMED'
  | 'ERR_FRAME_TOO_LARGE'
  | 'ERR_CLOSED_EARLY'
  | 'ERR_TIMED_OUT'
  | 'ERR_SERVER_CLOSED'
  | 'ERR_SYSTEM'

/** Every failure of this package; `code` is stable, the message says what to do next. */
export class ControlSocketError extends Error {
  override readonly name = 'ControlSocketError'
  readonly code: ControlSocketErrorCode

  constructor(code: ControlSocketErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The errno name of a system error (`ENOENT`), whoever made it. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { errno, code } = error as { errno?: unknown; code?: unknown }
  if (typeof errno === 'string') return errno
  return typeof code === 'string' ? code : undefined
}
