import { readSync } from 'node:fs'
import { getSeals, type OwnedFd } from '@shellflip/fd-passing'
import { protocolError } from './handover-error.ts'
import { decodeRing, decodeTotal } from './state-messages.ts'

/** The part that is read in one step. */
const stepBytes = 16 * 1024 ** 2

/**
 * The memory file in which the predecessor writes the state. Each byte is copied out once, by read(2), and then belongs to this process. So
 * a predecessor that changes or cuts the file later changes nothing here, and the file needs no seals.
 */
export class IncomingFile implements Disposable {
  readonly #fd: OwnedFd
  readonly #ringBytes: number
  #written = 0
  #read = 0
  #reported = 0

  /**
   * @param fds one descriptor. It becomes the file's own, also if this throws
   * @throws {HandoverError} ERR_PROTOCOL if it is not a memory file
   */
  constructor(fds: readonly OwnedFd[], payload: Buffer) {
    const [fd, ...more] = fds
    try {
      if (fd === undefined || more.length > 0) throw protocolError('a state is in exactly one memory file')
      checkIsMemory(fd)
      this.#ringBytes = decodeRing(payload)
      this.#fd = fd
    } catch (error) {
      for (const one of fds) one.close()
      throw error
    }
  }

  /**
   * Returns how many bytes were read, if the predecessor needs to know. It waits for room in a ring, and has some as long as this reports
   * each quarter.
   */
  report(): number | undefined {
    if (!this.#isRing || this.#read - this.#reported < this.#ringBytes / 4) return undefined
    this.#reported = this.#read
    return this.#read
  }

  /** Takes what the predecessor reports: how much it has written. @throws {HandoverError} ERR_PROTOCOL */
  announce(payload: Buffer): void {
    const most = this.#isRing ? this.#read + this.#ringBytes : Number.MAX_SAFE_INTEGER
    this.#written = decodeTotal(payload, this.#written, most)
  }

  /**
   * Reads what is there, up to a limit.
   *
   * @returns how many bytes, 0 if the predecessor has not written more
   * @throws {HandoverError} ERR_PROTOCOL if the predecessor has cut the file
   */
  readInto(into: Buffer): number {
    const place = this.#isRing ? this.#read % this.#ringBytes : this.#read
    const here = this.#isRing ? Math.min(this.#written - this.#read, this.#ringBytes - place) : stepBytes
    const wanted = Math.min(into.length, here, this.#written - this.#read)
    if (wanted === 0) return 0
    const count = readSync(this.#fd.fd, into, 0, wanted, place)
    if (count === 0) throw protocolError('the memory file has fewer bytes than were announced')
    this.#read += count
    return count
  }

  [Symbol.dispose](): void {
    this.#fd.close()
  }

  get #isRing(): boolean {
    return this.#ringBytes > 0
  }
}

/** Reading another file could wait for ever: a pipe, or a file of a network. Only a file in memory has seals, if only none. */
function checkIsMemory({ fd }: OwnedFd): void {
  try {
    getSeals(fd)
  } catch (cause) {
    throw protocolError('the state is in a file that is not in memory', cause)
  }
}
