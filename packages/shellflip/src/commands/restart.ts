import { askForRestart } from '../restart-socket/ask-for-restart.ts'

export type RestartOptions = {
  socket: string
  /** The patience of who asks, in milliseconds; the service has a ready timeout of its own. @default no end */
  timeout?: number
}

/** `shellflip restart`: asks a service to replace itself, and waits for the outcome. Returns the exit status. */
export async function restart({ socket, timeout = 0 }: RestartOptions): Promise<number> {
  const startedAt = performance.now()
  const signal = timeout === 0 ? undefined : AbortSignal.timeout(timeout)
  const outcome = await askForRestart(socket, { signal })
  if (outcome.type === 'restarted') {
    const { pid } = outcome
    const who = pid === undefined ? 'the service manager starts the new process' : `pid ${pid}`
    process.stdout.write(`restarted: ${who} in ${Math.round(performance.now() - startedAt)} ms\n`)
    return 0
  }
  const tooLate = `no outcome within ${timeout / 1_000} s; the restart may still go on, and the service tells its end`
  const late = outcome.type === 'unanswered' && signal?.aborted
  process.stderr.write(`shellflip: restart failed: ${late ? tooLate : printable(outcome.message)}\n`)
  return 1
}

/** In one line, which nothing that others wrote can end, colour or turn around. */
function printable(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16)}}`
  })
}
