import { constants } from 'node:os'

/**
 * Notices the signals that this process sends to itself. Libraries that clean up on a stop signal raise it again, to end the
 * process by it: Apollo Server, Nest (`enableShutdownHooks`). That may be as late as their clean-up is long. The kernel
 * knows the sender of a signal, but Node does not report it.
 */
export class RaisedSignals implements Disposable {
  readonly #raised = new Set<NodeJS.Signals>()
  readonly #kill = process.kill
  readonly #noting = (pid: number, signal?: string | number): true => {
    const name = nameOf(signal)
    const isOurs = [process.pid, -process.pid, 0].includes(pid)
    if (isOurs && name !== undefined) this.#raised.add(name)
    return Reflect.apply(this.#kill, process, [pid, signal])
  }

  constructor() {
    process.kill = this.#noting
  }

  /** Whether this process has sent the signal, which has now arrived. */
  take(signal: NodeJS.Signals): boolean {
    return this.#raised.delete(signal)
  }

  /** Stops noticing, unless somebody else has replaced `process.kill` since. */
  [Symbol.dispose](): void {
    if (process.kill === this.#noting) process.kill = this.#kill
  }
}

function nameOf(signal: string | number | undefined): NodeJS.Signals | undefined {
  if (typeof signal !== 'number') return (signal ?? 'SIGTERM') as NodeJS.Signals
  const [name] = Object.entries(constants.signals).find(([, number]) => number === signal) ?? []
  return name as NodeJS.Signals | undefined
}
