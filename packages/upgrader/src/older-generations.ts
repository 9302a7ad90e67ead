import { closeAll, type OwnedFd, socketpair, UnixSocket } from '@shellflip/fd-passing'
import { type OfferedFd, socketKinds } from '@shellflip/handover'
import { oneLine } from '@shellflip/internal'
import { describeOlder, type OlderGeneration } from './describe-older.ts'
import type { Predecessor } from './predecessor/predecessor.ts'

/** How long an older generation may take to report what it does, in milliseconds. A stopped process does not answer. */
const answerMs = 500

/** Requests from an older generation what it does. It answers with one line: empty, or what keeps it alive after its drain. */
const question = '?'

/**
 * Tracks the older generations that still drain. We hold one end of a socket for each, and only its process has the other end. The end
 * closes when the process exits in any way, so its pid cannot mean another process.
 */
export class OlderGenerations {
  readonly #draining = new Map<string, OwnedFd>()
  readonly #watched = new Map<string, UnixSocket>()
  readonly #answers = new Map<string, (line: string) => void>()
  /** Our own socket pair, for the generations after us. We keep the first end until we exit. */
  readonly #own = socketpair('stream')

  constructor(predecessor: Predecessor) {
    for (const key of predecessor.keys(socketKinds.draining)) {
      const end = predecessor.socket(key)?.fd
      if (end !== undefined) this.#watch(key, end)
    }
  }

  get count(): number {
    return this.#draining.size
  }

  /**
   * Returns the ends for a successor: those of the draining generations, and ours. They are borrowed, because a generation may exit at any
   * time.
   */
  offered(): OfferedFd[] {
    const [, own] = this.#own
    const draining = [...this.#draining].map(([name, fd]) => ({ name, fd }))
    return [...draining, { name: `${socketKinds.draining}${process.pid}`, fd: own }]
  }

  /** Describes which generations drain, and which have drained but are kept alive by something else. */
  async describe(): Promise<string> {
    return describeOlder(await Promise.all([...this.#watched].map(([key, socket]) => this.#ask(key, socket))))
  }

  /**
   * Leaves the sockets to a successor, which has them. Our own end stays open until this process exits, or until no process has the other
   * end.
   *
   * @param keptAliveBy names what keeps this process alive after its drain. Undefined while it drains.
   * @returns when no process has the other end. The processes that served after us have exited without a successor
   */
  async leave(keptAliveBy: () => string | undefined): Promise<void> {
    for (const socket of this.#watched.values()) socket.close()
    const [life, told] = this.#own
    closeAll([...this.#draining.values(), told])
    this.#draining.clear()
    const socket = UnixSocket.adopt(life)
    socket.unref()
    await untilGone(socket, () => void socket.send(`${keptAliveBy() ?? ''}\n`).catch(() => {}))
    socket.close()
  }

  #watch(key: string, end: OwnedFd): void {
    this.#draining.set(key, end)
    const socket = UnixSocket.adopt(end.dup())
    socket.unref()
    this.#watched.set(key, socket)
    void untilGone(socket, (line) => this.#answers.get(key)?.(line)).then(() => {
      socket.close()
      this.#watched.delete(key)
      this.#draining.get(key)?.close()
      this.#draining.delete(key)
    })
  }

  #ask(key: string, socket: UnixSocket): Promise<OlderGeneration> {
    const pid = Number(key.slice(socketKinds.draining.length))
    return new Promise((resolve) => {
      const answered = (line: string) => {
        clearTimeout(limit)
        this.#answers.delete(key)
        resolve({ pid, keptAliveBy: oneLine(line) })
      }
      const limit = setTimeout(answered, answerMs, '')
      this.#answers.set(key, answered)
      socket.send(question).catch(() => answered(''))
    })
  }
}

/** Receives until no process has the other end. Each message is short, and arrives whole. */
async function untilGone(socket: UnixSocket, onText: (text: string) => void): Promise<void> {
  try {
    for (;;) {
      const arrival = await socket.receive()
      if (arrival === null) return
      closeAll(arrival.fds)
      onText(arrival.data.toString())
    }
  } catch {
    // A socket that cannot be read reports nothing about its other end any more.
  }
}
