import { ask, ControlSocketError } from '@shellflip/control-socket'
import { messageOf, oneLine, optionFault, show } from '@shellflip/internal'
import { type ShellflipReply, shellflipProtocol } from '../rust/shellflip-protocol.ts'
import { invalidArgument } from '../shellflip-error.ts'

/** Reports how a request for an upgrade ended. Each `message` is one line that a terminal shows as it is. */
export type RestartOutcome =
  /** `pid` serves now. It is undefined where the service manager starts the new process: the Rust crate under systemd. */
  | { type: 'restarted'; pid: number | undefined }
  /** The service reports the reason, and keeps serving. */
  | { type: 'failed'; message: string }
  /** No answer arrived or could be trusted, or the request was not allowed. `error` is a `ControlSocketError`, or the signal's reason. */
  | { type: 'unanswered'; message: string; error: unknown }

/**
 * Requests an upgrade of the service at a control socket, and waits for the outcome. The service may use this library or the Rust crate.
 * The promise rejects only for a mistake in an argument. Everything else is an outcome.
 *
 * It sends the request only to a server that no other user can have put there:
 *
 * - the server runs as root or as our user
 * - or only root and our user can write its folder
 * - or we are root, and the server runs as the owner of that folder
 *
 * @param options.signal ends the wait. The upgrade itself continues.
 * @throws {ShellflipError} ERR_INVALID_ARGUMENT
 */
export async function askForRestart(
  controlSocket: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<RestartOutcome> {
  const fault = optionFault('askForRestart()', options, { signal: 'AbortSignal' })
  if (fault !== undefined) throw invalidArgument(fault)
  if (typeof controlSocket !== 'string' || controlSocket === '') {
    throw invalidArgument(`askForRestart() takes the path of a control socket, not ${show(controlSocket)}.`)
  }
  const { signal } = options
  try {
    const { Response } = await askTwice(controlSocket, signal)
    if ('RestartFailed' in Response) return { type: 'failed', message: oneLine(Response.RestartFailed) }
    return { type: 'restarted', pid: Response.RestartComplete || undefined }
  } catch (error) {
    return { type: 'unanswered', message: oneLine(messageOf(error)), error }
  }
}

/**
 * Requests once more if a service closed without an answer. That service handed over before it read the request, and its successor answers
 * at the same path.
 */
async function askTwice(path: string, signal: AbortSignal | undefined): Promise<ShellflipReply> {
  const question = {
    path,
    protocol: shellflipProtocol,
    request: { Request: 'TryRestart' } as const,
    ...(signal && { signal }),
  }
  try {
    return await ask(question)
  } catch (error) {
    if (!(error instanceof ControlSocketError) || error.code !== 'ERR_CLOSED_EARLY') throw error
    return ask(question)
  }
}
