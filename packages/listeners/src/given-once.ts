import { Server } from 'node:net'
import { invalidArgument } from './listeners-error.ts'

/** Servers, UDP sockets and addresses that the program has given, each of them once. */
export class GivenOnce {
  readonly #things = new Set<object | string>()

  /**
   * Adds all of them, or none.
   *
   * @throws {ListenersError} ERR_INVALID_ARGUMENT if one of them was given before
   */
  add(things: readonly (object | string)[]): void {
    const twice = things.find((thing) => this.#things.has(thing))
    if (typeof twice === 'string') {
      throw invalidArgument(`${twice} is given to listen() or bind() twice. Give it once.`)
    }
    if (twice !== undefined) {
      throw invalidArgument(
        twice instanceof Server
          ? 'one server is given to listen() for two addresses. Create another server for the second address.'
          : 'one UDP socket is given to bind() for two addresses. Create another socket for the second address.',
      )
    }
    for (const thing of things) this.#things.add(thing)
  }

  /** Removes them, so that the program can give them again. */
  remove(things: readonly (object | string)[]): void {
    for (const thing of things) this.#things.delete(thing)
  }
}
