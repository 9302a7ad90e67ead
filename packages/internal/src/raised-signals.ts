import { constants } from 'node:os'

/**
 * Notices the signals that this process sends to itself. Libraries that clean up on a stop signal raise it again, to end the process by
 * it: Apollo Server, Nest (`enableShutdownHooks`). They raise it when their clean-up is over, however long that takes. The kernel knows
 * the sender of a signal, but Node does not report it.
 */
export class RaisedSignals implements Disposable {
  readonly #raised = new Set<NodeJS.Signals>()
  readonly #undo: readonly (() => void)[]

  constructor() {
    this.#undo = callsOf(process).map((name) => this.#note(name))
  }

  /** Returns whether this process sent the signal that has now arrived. */
  take(signal: NodeJS.Signals): boolean {
    return this.#raised.delete(signal)
  }

  /** Stops noticing, unless other code has replaced the function since. */
  [Symbol.dispose](): void {
    for (const undo of this.#undo) undo()
  }

  /** @returns the undo */
  #note(name: keyof Killing): () => void {
    const target: Killing = process
    const call = target[name] as Kill
    const noting: Kill = (pid, signal) => {
      const raised = nameOf(signal)
      const isOurs = [process.pid, -process.pid, 0].includes(pid)
      if (isOurs && raised !== undefined) this.#raised.add(raised)
      return Reflect.apply(call, process, [pid, signal])
    }
    target[name] = noting
    return () => {
      if (target[name] === noting) target[name] = call
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: `kill` returns true, and `_kill` an errno
type Kill = (pid: number, signal?: string | number) => any

/** `process.kill()` calls `process._kill()`, which is not documented. So does a `kill` that was imported before. */
type Killing = { kill: Kill; _kill?: Kill }

function callsOf(target: Killing): (keyof Killing)[] {
  return typeof target._kill === 'function' ? ['kill', '_kill'] : ['kill']
}

function nameOf(signal: string | number | undefined): NodeJS.Signals | undefined {
  if (typeof signal !== 'number') return (signal ?? 'SIGTERM') as NodeJS.Signals
  const [name] = Object.entries(constants.signals).find(([, number]) => number === signal) ?? []
  return name as NodeJS.Signals | undefined
}
