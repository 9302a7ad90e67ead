import { closeAll, type OwnedFd, socketpair, UnixSocket } from '@shellflip/fd-passing'
import type { OfferedSocket } from '@shellflip/handover'
import { socketKinds } from '@shellflip/handover'
import { oneLine } from '@shellflip/internal'
import { describeOlder, type OlderGeneration } from './describe-older.ts'
import type { Predecessor } from './predecessor/predecessor.ts'

/** How long an older generation may take to answer what it does, in milliseconds. One that stands still does not answer. */
const answerMs = 500

/** Asks an older generation what it does. It answers with a line: empty, or what keeps it alive after its drain. */
const question = '?'

/**
 * The older generations that still drain. Each is known by one end of a socket whose other end its process has, and
 * nobody else: it ends when the process does, however it does, and its pid means nobody else.
 */
export class OlderGenerations {
  readonly #draining = new Map<string, OwnedFd>()
  readonly #watched = new Map<string, UnixSocket>()
  readonly #answers = new Map<string, (line: string) => void>()
  /** Ours, for the generations after us: the first end is ours until we end. */
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

  /** For a successor: those that drain, and us. Borrowed, since a generation may end at any time. */
  offered(): OfferedSocket[] {
    const [, own] = this.#own
    const draining = [...this.#draining].map(([name, fd]) => ({ name, fd }))
    return [...draining, { name: `${socketKinds.draining}${process.pid}`, fd: own }]
  }

  /** Tells those that drain from those that have drained, and that something else keeps alive. */
  async describe(): Promise<string> {
    return describeOlder(await Promise.all([...this.#watched].map(([key, socket]) => this.#ask(key, socket))))
  }

  /**
   * A successor has them. Our own end stays open until this process ends, or nobody has the other one.
   *
   * @param keptAliveBy names what keeps this process alive after its drain. Undefined while it drains.
   * @returns when nobody has the other one any more: whoever served after us is gone, and has given the service to nobody
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

/** Receives until nobody has the other end. What comes is short, and comes whole. */
async function untilGone(socket: UnixSocket, onText: (text: string) => void): Promise<void> {
  try {
    for (;;) {
      const arrival = await socket.receive()
      if (arrival === null) return
      closeAll(arrival.fds)
      onText(arrival.data.toString())
    }
  } catch {
    // A socket that cannot be read tells nothing of its other end any more.
  }
}
