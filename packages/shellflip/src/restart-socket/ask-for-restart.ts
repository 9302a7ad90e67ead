import { ask, ControlSocketError } from '@shellflip/control-socket'
import type { ShellflipReply } from '@shellflip/control-socket/shellflip'

/** What came of asking a service to replace itself. */
export type RestartOutcome =
  /** `pid` serves now; undefined: the service manager starts the new process, as the Rust crate lets it under systemd. */
  | { type: 'restarted'; pid: number | undefined }
  /** The service tells why not, and serves on. */
  | { type: 'failed'; message: string }
  /** Nobody is there, may not be asked, or has not told: see the `ControlSocketError`, or the signal's reason. */
  | { type: 'unanswered'; message: string; error: unknown }

/**
 * Asks the service at a control socket to replace itself, and waits for what comes of it. That may be a service of this
 * library or of the Rust crate. Never rejects: the outcome tells.
 *
 * @param signal ends the waiting; what was asked for goes on
 */
export async function askForRestart(
  controlSocket: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<RestartOutcome> {
  try {
    const { Response } = await askTwice(controlSocket, signal)
    if ('RestartFailed' in Response) return { type: 'failed', message: Response.RestartFailed }
    return { type: 'restarted', pid: Response.RestartComplete || undefined }
  } catch (error) {
    return { type: 'unanswered', message: (error as Error).message, error }
  }
}

/**
 * A service that hands over while it has not yet heard us closes without a word, and its successor answers at the same
 * path: then it is asked once more.
 */
async function askTwice(path: string, signal: AbortSignal | undefined): Promise<ShellflipReply> {
  const { shellflipVocabulary } = await import('@shellflip/control-socket/shellflip')
  const question = {
    path,
    vocabulary: shellflipVocabulary,
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
