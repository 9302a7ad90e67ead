const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/**
 * Calls `restore` on every way out of the process: a signal, `process.exit()`, an error that nobody caught. The signal
 * then takes its course. Stopped by Ctrl-Z, the terminal belongs to the shell until `resume`.
 */
export function restoreOnExit(restore: () => void, resume: () => void): Disposable {
  const end = (signal: NodeJS.Signals) => {
    restore()
    hold[Symbol.dispose]()
    process.kill(process.pid, signal)
  }
  const pause = () => {
    restore()
    process.kill(process.pid, 'SIGSTOP')
  }
  const hold = {
    [Symbol.dispose]() {
      process.off('exit', restore).off('SIGTSTP', pause).off('SIGCONT', resume)
      for (const signal of ENDING) process.off(signal, end)
    },
  }
  process.on('exit', restore).on('SIGTSTP', pause).on('SIGCONT', resume)
  for (const signal of ENDING) process.on(signal, end)
  return hold
}
