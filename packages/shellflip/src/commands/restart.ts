import { ask, ControlSocketError } from '@shellflip/control-socket'
import { type ShellflipReply, shellflipVocabulary } from '@shellflip/control-socket/shellflip'

export type RestartOptions = {
  socket: string
  /** The patience of who asks, in milliseconds; the service has a ready timeout of its own. */
  timeout?: number
}

/** `shellflip restart`: asks a service to replace itself, and waits for the outcome. Returns the exit status. */
export async function restart({ socket, timeout }: RestartOptions): Promise<number> {
  const startedAt = performance.now()
  const signal = timeout === undefined ? undefined : AbortSignal.timeout(timeout)
  try {
    const { Response } = await askForRestart(socket, signal)
    if ('RestartFailed' in Response) return failed(Response.RestartFailed)
    const elapsedMs = Math.round(performance.now() - startedAt)
    process.stdout.write(`restarted: ${describe(Response.RestartComplete)} in ${elapsedMs} ms\n`)
    return 0
  } catch (error) {
    if (!signal?.aborted) return failed((error as Error).message)
    return failed(
      `no outcome within ${timeout} ms; the restart may still go on, and the service tells its end`,
    )
  }
}

/**
 * A service that hands over while it has not yet heard us closes without a word, and its successor answers at the same
 * path: it is asked once more.
 */
async function askForRestart(path: string, signal: AbortSignal | undefined): Promise<ShellflipReply> {
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

/** 0 is what a service answers whose new process the service manager starts: the Rust crate's, under systemd. */
function describe(pid: number): string {
  return pid === 0 ? 'the service manager starts the new process' : `pid ${pid}`
}

function failed(reason: string): number {
  process.stderr.write(`shellflip: restart failed: ${printable(reason)}\n`)
  return 1
}

/** In one line, which nothing that others wrote can end, colour or turn around. */
function printable(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16)}}`
  })
}
