import { CodedError } from '@shellflip/internal'

/**
 * The reason of a failure, stable across versions:
 *
 * - `ERR_NOBODY_THERE`: no process listens at the path. Check the path, and that the service is running.
 * - `ERR_BUSY`: the server's queue of connections is full, or the server answers too many requests of this kind. Try again later.
 * - `ERR_CONTROL_PATH_IN_USE`: a live instance listens at the path, or the file there is not a socket. Stop it, or choose another path.
 * - `ERR_CONTROL_PATH_TOO_LONG`: the kernel does not accept a socket path of this length. Choose a shorter folder.
 * - `ERR_CONTROL_FORBIDDEN`: others can write or replace the folder, this user may not connect, or another user listens at the path. The
 *   message says what to change.
 * - `ERR_MALFORMED`: the bytes are not a frame, or the message is not in the protocol. Check that both sides use the same protocol.
 * - `ERR_FRAME_TOO_LARGE`: the announced length of a frame exceeds the limit. Send less.
 * - `ERR_CLOSED_EARLY`: the other side closed before it had sent everything. Its log may have the reason.
 * - `ERR_CLIENT_TIMED_OUT`: the client took too long to send its request or to read. The server has closed the connection.
 * - `ERR_SERVER_CLOSED`: the server was closed before this use of it.
 * - `ERR_ANSWER_FAILED`: the server's `answer` threw. The message is that of its error, and `answerCode` its code.
 * - `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names.
 * - `ERR_SYSTEM`: a system call failed. `cause` holds the system's error.
 */
export type ControlSocketErrorCode =
  | 'ERR_NOBODY_THERE'
  | 'ERR_BUSY'
  | 'ERR_CONTROL_PATH_IN_USE'
  | 'ERR_CONTROL_PATH_TOO_LONG'
  | 'ERR_CONTROL_FORBIDDEN'
  | 'ERR_MALFORMED'
  | 'ERR_FRAME_TOO_LARGE'
  | 'ERR_CLOSED_EARLY'
  | 'ERR_CLIENT_TIMED_OUT'
  | 'ERR_SERVER_CLOSED'
  | 'ERR_ANSWER_FAILED'
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_SYSTEM'

/** Reports every failure of this package. `code` is stable, and the message says what to do next. */
export class ControlSocketError extends CodedError<ControlSocketErrorCode> {
  override readonly name = 'ControlSocketError'
  /** The `code` of the error that the server's `answer` threw, if it has one (`ERR_ANSWER_FAILED`). */
  readonly answerCode?: string

  constructor(
    code: ControlSocketErrorCode,
    message: string,
    { cause, answerCode }: ErrorOptions & { answerCode?: string | undefined } = {},
  ) {
    super(code, message, { cause })
    if (answerCode !== undefined) this.answerCode = answerCode
  }
}

/** @param fault what a check of options found, if anything. @throws {ControlSocketError} ERR_INVALID_ARGUMENT */
export function throwIfFaulty(fault: string | undefined): void {
  if (fault !== undefined) throw new ControlSocketError('ERR_INVALID_ARGUMENT', fault)
}

/** @throws {ControlSocketError} ERR_INVALID_ARGUMENT if an option is not there */
export function throwIfMissing<Options extends object>(
  what: string,
  options: Options,
  required: readonly (keyof Options & string)[],
): void {
  const missing = required.find((name) => options[name] === undefined)
  if (missing !== undefined) throwIfFaulty(`${what} needs the option "${missing}".`)
}

/** Returns the errno name of a system error (`ENOENT`), from any origin. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { errno, code } = error as { errno?: unknown; code?: unknown }
  if (typeof errno === 'string') return errno
  return typeof code === 'string' ? code : undefined
}
