/** Registers each server and UDP socket for the drain: once, and under a name that no other one has. */
export class DrainRegistrations {
  readonly #registered = new Map<object, { name: string; registration: Disposable }>()

  /** @param register called with `name`, or with `name 2` if another object has that name */
  register(object: object, name: string, register: (name: string) => Disposable): void {
    const earlier = this.#registered.get(object)
    // A server that was closed may listen again, and so may one whose address was in use.
    earlier?.registration[Symbol.dispose]()
    const own = earlier?.name ?? this.#free(name)
    this.#registered.set(object, { name: own, registration: register(own) })
  }

  #free(name: string): string {
    const taken = new Set([...this.#registered.values()].map((each) => each.name))
    let free = name
    for (let n = 2; taken.has(free); n += 1) free = `${name} ${n}`
    return free
  }
}
