import {
  FdPassingError,
  OwnedFd,
  peerCredentials,
  setCloexec,
  socketpair,
  UnixSocket,
  type UnixSocketOptions,
} from '@shellflip/fd-passing'
import {
  type FromLauncher,
  type ReadMessage,
  readFromLauncher,
  readToLauncher,
  type ToLauncher,
} from './launcher-messages.ts'

export type Heard<M> = {
  message: M
  fds: OwnedFd[]
  /** Who said it, as the kernel vouches. Undefined where it does not (macOS), and in a generation. */
  sender?: number
}

/** Far more than any message has, in characters. */
const longestLine = 64 * 1024

/**
 * One end of the socket between the launcher and a generation, which nobody else has: its end tells that the other is
 * gone. Each message is one line of JSON.
 */
export class LauncherLink<Said, M> {
  /** Whoever made the link: the launcher. */
  readonly maker: number
  readonly #socket: UnixSocket
  readonly #read: ReadMessage<M>
  readonly #decoder = new TextDecoder()
  #text = ''
  #sender: number | undefined
  /** One after the other: each takes a line of the same text. */
  #hearing: Promise<unknown> = Promise.resolve()
  /** Of the last line in the text: what the kernel gives at once has descriptors at its end only. */
  #fds: OwnedFd[] = []

  /** The launcher's end, and the other, to be inherited by a generation. */
  static pair(): { link: LauncherLink<FromLauncher, ToLauncher>; remote: OwnedFd } {
    const [own, remote] = socketpair('stream')
    const passCredentials = process.platform === 'linux'
    return { link: new LauncherLink(own, readToLauncher, { passCredentials }), remote }
  }

  /** A generation's end, as it was inherited. It keeps no process alive. @throws {FdPassingError} */
  static adopt(fd: number): LauncherLink<ToLauncher, FromLauncher> {
    setCloexec(fd, true)
    const link = new LauncherLink(new OwnedFd(fd), readFromLauncher)
    link.#socket.unref()
    return link
  }

  private constructor(fd: OwnedFd, read: ReadMessage<M>, options: UnixSocketOptions = {}) {
    this.maker = peerCredentials(fd.fd).pid
    this.#socket = UnixSocket.adopt(fd, options)
    this.#read = read
  }

  /**
   * @param fds copies go along
   * @returns false if the other end is gone
   * @throws {FdPassingError} ERR_SYSTEM if the system does not let a descriptor travel (ETOOMANYREFS)
   */
  async say(message: Said, fds: readonly OwnedFd[] = []): Promise<boolean> {
    try {
      await this.#socket.send(`${JSON.stringify(message)}\n`, { fds })
      return true
    } catch (error) {
      const canTravel = fds.length === 0 || (error as FdPassingError).errno !== 'ETOOMANYREFS'
      if (error instanceof FdPassingError && canTravel) return false
      throw error
    }
  }

  /**
   * The next message that this version knows, or null when the other end is gone. A type that is not known is another
   * version's, and skipped: more can be said from a version on without harm. What no version says ends the link: who
   * waited for an answer then hears at once that there will be none, and each side goes on without the other.
   */
  hear(): Promise<Heard<M> | null> {
    const heard = this.#hearing.then(() => this.#hear())
    this.#hearing = heard.catch(() => {})
    return heard
  }

  async #hear(): Promise<Heard<M> | null> {
    for (let line = await this.#line(); line !== undefined; line = await this.#line()) {
      let message: M | undefined
      try {
        message = this.#read(line)
      } catch {
        break
      }
      const fds = this.#text === '' ? this.#fds.splice(0) : []
      const by = this.#sender === undefined ? {} : { sender: this.#sender }
      if (message !== undefined) return { message, fds, ...by }
      for (const fd of fds) fd.close()
    }
    this.close()
    return null
  }

  close(): void {
    for (const fd of this.#fds.splice(0)) fd.close()
    this.#socket.close()
  }

  async #line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n')
      if (end !== -1) {
        const line = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 1)
        return line
      }
      if (this.#text.length > longestLine) return undefined
      // ECONNRESET: it went without having read all that we said.
      const arrival = await this.#socket.receive().catch(() => null)
      if (arrival === null) return undefined
      this.#text += this.#decoder.decode(arrival.data, { stream: true })
      this.#fds.push(...arrival.fds)
      this.#sender = arrival.credentials?.pid
    }
  }
}
