import { FdPassingError, OwnedFd, setCloexec, socketpair, UnixSocket } from '@shellflip/fd-passing'
import type { FromLauncher, ToLauncher } from './launcher-messages.ts'

export type Heard<M> = { message: M; fds: OwnedFd[] }

/**
 * One end of the socket between the launcher and a generation, which nobody else has: its end tells that the other is
 * gone. Each message is one line of JSON.
 */
export class LauncherLink<Said, M> {
  readonly #socket: UnixSocket
  #text = ''
  #fds: OwnedFd[] = []

  /** The launcher's end, and the other, to be inherited by a generation. */
  static pair(): { link: LauncherLink<FromLauncher, ToLauncher>; remote: OwnedFd } {
    const [own, remote] = socketpair('stream')
    return { link: new LauncherLink(UnixSocket.adopt(own)), remote }
  }

  /** A generation's end, as it was inherited. It keeps no process alive. @throws {FdPassingError} */
  static adopt(fd: number): LauncherLink<ToLauncher, FromLauncher> {
    setCloexec(fd, true)
    const socket = UnixSocket.adopt(new OwnedFd(fd))
    socket.unref()
    return new LauncherLink(socket)
  }

  private constructor(socket: UnixSocket) {
    this.#socket = socket
  }

  /** @param fds copies go along @returns false if the other end is gone */
  async say(message: Said, fds: readonly OwnedFd[] = []): Promise<boolean> {
    try {
      await this.#socket.send(`${JSON.stringify(message)}\n`, { fds })
      return true
    } catch (error) {
      if (error instanceof FdPassingError) return false
      throw error
    }
  }

  /** The next message, or null when the other end is gone. */
  async hear(): Promise<Heard<M> | null> {
    for (;;) {
      const end = this.#text.indexOf('\n')
      if (end !== -1) {
        const message = JSON.parse(this.#text.slice(0, end))
        this.#text = this.#text.slice(end + 1)
        return { message, fds: this.#fds.splice(0) }
      }
      // ECONNRESET: it went without having read all that we said.
      const arrival = await this.#socket.receive().catch(() => null)
      if (arrival === null) return null
      this.#text += arrival.data.toString()
      this.#fds.push(...arrival.fds)
    }
  }

  close(): void {
    for (const fd of this.#fds.splice(0)) fd.close()
    this.#socket.close()
  }
}
