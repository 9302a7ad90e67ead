import { askForRestart } from '@shellflip/upgrader'

export type RestartOptions = {
  socket: string
  /** How long to wait for the outcome, in milliseconds. The service has a ready timeout of its own. @default no limit */
  timeout?: number
}

/** Runs `shellflip restart`: requests an upgrade, waits for the outcome, and returns the exit status. */
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
  const tooLate = `received no outcome within ${timeout / 1_000} s. The restart may still continue. The service logs how it ends`
  const late = outcome.type === 'unanswered' && signal?.aborted
  process.stderr.write(`shellflip: restart failed: ${late ? tooLate : outcome.message}\n`)
  return 1
}
