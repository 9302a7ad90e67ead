import { type OwnedFd, socketpair, UnixSocket } from '@shellflip/fd-passing'
import type { OfferedSocket } from '@shellflip/handover'
import { closeAll } from './close-all.ts'
import type { Predecessor } from './predecessor/predecessor.ts'
import { kinds } from './socket-key.ts'

/**
 * The older generations that still drain. Each is known by one end of a socket whose other end its process has, and
 * nobody else: it ends when the process does, however it does, and its pid means nobody else.
 */
export class OlderGenerations {
  readonly #draining = new Map<string, OwnedFd>()
  readonly #watched = new Set<UnixSocket>()
  /** Ours, for the generations after us: the first end is ours until we end. */
  readonly #own = socketpair('stream')

  constructor(predecessor: Predecessor) {
    for (const key of predecessor.keys(kinds.draining)) {
      const end = predecessor.socket(key)?.fd
      if (end !== undefined) this.#watch(key, end)
    }
  }

  get count(): number {
    return this.#draining.size
  }

  get pids(): number[] {
    return [...this.#draining.keys()].map((key) => Number(key.slice(kinds.draining.length)))
  }

  /** For a successor: those that drain, and us. Borrowed, since a generation may end at any time. */
  offered(): OfferedSocket[] {
    const [, own] = this.#own
    const draining = [...this.#draining].map(([name, fd]) => ({ name, fd }))
    return [...draining, { name: `${kinds.draining}${process.pid}`, fd: own }]
  }

  /**
   * A successor has them. Our own end stays open until this process ends, or nobody has the other one.
   *
   * @returns when nobody has the other one any more: whoever served after us is gone, and has given the service to nobody
   */
  async leave(): Promise<void> {
    for (const socket of this.#watched) socket.close()
    const [life, told] = this.#own
    closeAll([...this.#draining.values(), told])
    this.#draining.clear()
    const socket = UnixSocket.adopt(life)
    socket.unref()
    await socket.receive().catch(() => {})
    socket.close()
  }

  #watch(key: string, end: OwnedFd): void {
    this.#draining.set(key, end)
    const socket = UnixSocket.adopt(end.dup())
    socket.unref()
    this.#watched.add(socket)
    const gone = () => {
      socket.close()
      this.#watched.delete(socket)
      this.#draining.get(key)?.close()
      this.#draining.delete(key)
    }
    socket.receive().then(gone, gone)
  }
}
