import { ShutdownCoordinationError } from '@shellflip/shutdown-coordination'
import { ShellflipError } from './shellflip-error.ts'

/** Registers each server and UDP socket for the drain, once and under a unique name. */
export class DrainRegistrations {
  readonly #registered = new Map<object, { name: string; registration: Disposable }>()

  /**
   * @param register called with `name`, or with `name 2` if another object has that name
   * @throws {ShellflipError} ERR_INVALID_ARGUMENT
   * @throws {ShellflipError} ERR_STOPPED
   */
  register(object: object, name: string, register: (name: string) => Disposable): void {
    const earlier = this.#registered.get(object)
    // A server that was closed may listen again. So may a server whose address was in use.
    earlier?.registration[Symbol.dispose]()
    const own = earlier?.name ?? this.#free(name)
    this.#registered.set(object, { name: own, registration: inOurWords(() => register(own)) })
  }

  #free(name: string): string {
    const taken = new Set([...this.#registered.values()].map((each) => each.name))
    let free = name
    for (let n = 2; taken.has(free); n += 1) free = `${name} ${n}`
    return free
  }
}

/** Rewrites the error, because the program called `flip.listen()` and does not know the coordinator's `watch()`. */
function inOurWords<T>(register: () => T): T {
  try {
    return register()
  } catch (cause) {
    if (!(cause instanceof ShutdownCoordinationError)) throw cause
    const code = cause.code === 'ERR_TOO_LATE' ? 'ERR_STOPPED' : 'ERR_INVALID_ARGUMENT'
    throw new ShellflipError(code, cause.message.replace(/^watch\(\)/, 'flip.listen()'), { cause })
  }
}
