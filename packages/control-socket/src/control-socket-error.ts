import { CodedError } from '@shellflip/internal'
/**
 * What went wrong, stable across versions:
 *
 * - `ERR_NOBODY_THERE`: nothing listens at the path.
 * - `ERR_BUSY`: something listens, and its queue of connections is full, or it answers too many requests of this kind.
 * - `ERR_PATH_IN_USE`: a live instance listens at the path, or something that is not a socket is there.
 * - `ERR_PATH_TOO_LONG`: the kernel takes no socket path of this length.
 * - `ERR_FORBIDDEN`: others can write or replace the folder, we may not connect, or another user listens at the path.
 * - `ERR_MALFORMED`: bytes that are no frame, or a message that is not in the vocabulary.
 * - `ERR_FRAME_TOO_LARGE`: a frame beyond the limit, refused by its announced length.
 * - `ERR_CLOSED_EARLY`: the other side went away before it had said everything.
 * - `ERR_TIMED_OUT`: the other side was too slow to ask or to read.
 * - `ERR_SERVER_CLOSED`: the server was closed before it could be used like this.
 * - `ERR_ANSWER_FAILED`: the server's `answer` threw. The message is that of its error, and `answerCode` its code.
 * - `ERR_INVALID_ARGUMENT`: a mistake of the caller; the message names it.
 * - `ERR_SYSTEM`: the system refused; `cause` says what and why.
 */
export type ControlSocketErrorCode =
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
  | 'ERR_ANSWER_FAILED'
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_SYSTEM'

/** Every failure of this package; `code` is stable, the message says what to do next. */
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

/** The errno name of a system error (`ENOENT`), whoever made it. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { errno, code } = error as { errno?: unknown; code?: unknown }
  if (typeof errno === 'string') return errno
  return typeof code === 'string' ? code : undefined
}
