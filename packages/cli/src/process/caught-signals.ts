import { Terminal } from './terminal.ts'

/** SIGHUP rolls or stops. The others stop. */
const MEANT = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const

/**
 * Their default action ends the process and would leave the generations behind. SIGUSR1 would open Node's inspector. Two kinds are
 * missing on purpose. After a fault (SIGSEGV, SIGABRT, SIGSYS, SIGTRAP …) a process must not continue. For job control (SIGTSTP …) the
 * default action is right.
 */
const MEANINGLESS = [
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGVTALRM',
  'SIGPROF',
  'SIGIO',
  'SIGPWR',
  'SIGSTKFLT',
  'SIGXCPU',
  'SIGXFSZ',
] as const

export type CaughtSignal = (typeof MEANT)[number] | (typeof MEANINGLESS)[number]

const early: CaughtSignal[] = []
let receive = (signal: CaughtSignal): void => void early.push(signal)
let terminal: Terminal | undefined

/**
 * Catches signals from the first moment on. They wait until {@link receiveSignals} says who gets them.
 *
 * @returns the terminal that was there before, so that its hang-up is known whenever SIGHUP is answered
 */
export function catchSignals(): Terminal {
  if (terminal !== undefined) return terminal
  terminal = new Terminal()
  keepInspectorClosed()
  for (const signal of [...MEANT, ...MEANINGLESS]) {
    try {
      process.on(signal, () => receive(signal))
    } catch {
      // This system does not have the signal.
    }
  }
  return terminal
}

/** Keeps SIGUSR1 from opening Node's inspector, in commands that wait for an answer as well. */
export function keepInspectorClosed(): void {
  process.on('SIGUSR1', () => {})
  closeInspector()
  // An inspector that was requested a moment ago opens in the first turn of the event loop.
  setImmediate(closeInspector)
}

/** Closes an inspector that SIGUSR1 opened while Node itself was starting. An inspector that the user requested stays. */
function closeInspector(): void {
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
  if (/--inspect(-brk|-wait)?(=|\s|$)/.test(options)) return
  try {
    const inspector = process.getBuiltinModule('node:inspector')
    if (inspector.url() !== undefined) inspector.close()
  } catch {
    // This Node was built without one.
  }
}

/** Passes every signal to this receiver, early signals first, in their order. It stays until the process exits. */
export function receiveSignals(receiver: (signal: CaughtSignal) => void): void {
  catchSignals()
  receive = receiver
  for (const signal of early.splice(0)) receiver(signal)
}
