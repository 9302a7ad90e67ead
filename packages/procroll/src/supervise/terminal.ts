import { isatty } from 'node:tty'

/**
 * The terminal in which procroll was started, if there is one. After a hang-up (a closed window, a lost ssh session) its
 * descriptors are no terminal any more: every ioctl(2) fails with EIO. Linux does that before it sends SIGHUP.
 */
export class Terminal {
  readonly #descriptors = [0, 1, 2].filter((fd) => isatty(fd))

  get hasHungUp(): boolean {
    return this.#descriptors.some((fd) => !isatty(fd))
  }
}
