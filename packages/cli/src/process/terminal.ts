import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'

/**
 * The terminal in which the program was started, if any. After a hang-up (a closed window, a lost ssh session) its descriptors are not a
 * terminal any more. Every ioctl(2) fails with EIO. Linux does that before it sends SIGHUP.
 */
export class Terminal {
  readonly #descriptors = [0, 1, 2].filter((fd) => isatty(fd))

  get hasHungUp(): boolean {
    return this.#hungUp.length > 0
  }

  /**
   * Puts /dev/null in place of a terminal that has hung up. Node restores the terminal's settings at its exit, and aborts
   * if it cannot (nodejs/node#51519). It leaves a descriptor alone that is another file by then.
   */
  release(): void {
    for (const fd of this.#hungUp) {
      try {
        closeSync(fd)
        // The lowest free number, which is the one just closed.
        openSync('/dev/null', 'r+')
      } catch {
        // An exit that aborts has stopped the service all the same.
      }
    }
  }

  get #hungUp(): number[] {
    return this.#descriptors.filter((fd) => !isatty(fd))
  }
}
