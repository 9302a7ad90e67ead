/** SIGHUP rolls or stops. The others stop. */
const MEANT = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const

/**
 * Their default ends the process and would leave the generations behind. SIGUSR1 would open Node's inspector.
 * These are missing on purpose: faults (SIGSEGV, SIGABRT, SIGSYS, SIGTRAP …), after which a process must not go on, and
 * job control (SIGTSTP …), whose default is right.
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
let catching = false

/** Catches signals from the first moment on. They wait until {@link receiveSignals} says who gets them. */
export function catchSignals(): void {
  if (catching) return
  catching = true
  for (const signal of [...MEANT, ...MEANINGLESS]) {
    try {
      process.on(signal, () => receive(signal))
    } catch {
      // This system has no such signal.
    }
  }
}

/** Keeps SIGUSR1 from opening Node's inspector in a command that waits for an answer. */
export function keepInspectorClosed(): void {
  process.on('SIGUSR1', () => {})
}

/** Gives every signal to this receiver: first those that came early, in their order. It stays until the process exits. */
export function receiveSignals(receiver: (signal: CaughtSignal) => void): void {
  catchSignals()
  receive = receiver
  for (const signal of early.splice(0)) receiver(signal)
}
