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
  /** The pid of the sender, attested by the kernel. Undefined where the kernel does not attest it (macOS), and in a generation. */
  sender?: number
}

/** Limits a line, in characters. This is far more than any message has. */
const longestLine = 64 * 1024

/**
 * One end of the socket between the launcher and a generation. No other process has it, so a closed end means that the other side has
 * exited. Each message is one line of JSON.
 */
export class LauncherLink<Said, M> {
  /** The pid of the process that made the link: the launcher. */
  readonly maker: number
  readonly #socket: UnixSocket
  readonly #read: ReadMessage<M>
  readonly #decoder = new TextDecoder()
  #text = ''
  #sender: number | undefined
  /** Orders the reads, because each takes a line of the same text. */
  #hearing: Promise<unknown> = Promise.resolve()
  /** The descriptors of the last line in the text. The kernel delivers descriptors only at the end of what it gives at once. */
  #fds: OwnedFd[] = []

  /** Makes the launcher's end, and the other end, which a generation inherits. */
  static pair(): { link: LauncherLink<FromLauncher, ToLauncher>; remote: OwnedFd } {
    const [own, remote] = socketpair('stream')
    const passCredentials = process.platform === 'linux'
    return { link: new LauncherLink(own, readToLauncher, { passCredentials }), remote }
  }

  /** Adopts a generation's inherited end. It does not keep a process alive. @throws {FdPassingError} ERR_SYSTEM */
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
   * @param fds descriptors of which copies are sent with the message
   * @returns false if the other end is closed
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
   * Returns the next message that this version knows, or null when the other end is closed. It skips a type that only another version
   * knows, so later versions can add messages without harm. A line that no version sends ends the link. A caller that waits for an answer
   * then learns at once that none will come. Each side continues without the other.
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
      // ECONNRESET: the other side exited before it had read everything that we sent.
      const arrival = await this.#socket.receive().catch(() => null)
      if (arrival === null) return undefined
      this.#text += this.#decoder.decode(arrival.data, { stream: true })
      this.#fds.push(...arrival.fds)
      this.#sender = arrival.credentials?.pid
    }
  }
}
