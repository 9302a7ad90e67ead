import { writeSync } from 'node:fs'
import { memfd, type OwnedFd } from '@shellflip/fd-passing'
import type { HandoverChannel } from './handover-channel.ts'
import { closedError } from './message-socket.ts'
import { decodeTotal, encodeRing, encodeTotal } from './state-messages.ts'

/** The part that is written in one step. The successor reads it while the next one is written. */
const stepBytes = 1024 ** 2

/** A memory file in which the state travels. The successor reads the bytes while this process writes more. */
export class OutgoingFile implements Disposable {
  readonly #channel: HandoverChannel
  readonly #fd: OwnedFd
  readonly #ringBytes: number
  #written = 0
  #announced = 0
  #read = 0
  /** Whether all messages so far were sent. */
  #sent: Promise<boolean>
  #wake: (() => void) | undefined
  #announcing: NodeJS.Immediate | undefined
  /** Whether the system did not take some bytes. */
  #isFull = false
  #closed = false

  /**
   * Opens a file and gives it to the successor.
   *
   * @param ringBytes as of {@link encodeRing}
   * @returns undefined if this system has none, or none for this process
   */
  static open(channel: HandoverChannel, ringBytes: number): OutgoingFile | undefined {
    let fd: OwnedFd
    try {
      fd = memfd('shellflip-state')
    } catch {
      // Another system than Linux, a filter of system calls, or too few descriptors. The channel itself carries the state then.
      return undefined
    }
    return new OutgoingFile(channel, fd, ringBytes)
  }

  private constructor(channel: HandoverChannel, fd: OwnedFd, ringBytes: number) {
    this.#channel = channel
    this.#fd = fd
    this.#ringBytes = ringBytes
    this.#sent = channel.send('stateFile', encodeRing(ringBytes), [fd])
    this.#sent.catch(() => {})
  }

  /**
   * Writes bytes, and lets the successor read them. Only for a file that is not a ring, or has the room.
   *
   * @returns how many bytes were written. They are fewer if the system does not take all of them (ENOSPC, EFBIG …). Then the file takes
   *   no more, and the rest of the state travels in messages
   */
  write(bytes: Uint8Array): number {
    let at = 0
    while (at < bytes.length && !this.#isFull) {
      const count = this.#writeStep(bytes.subarray(at))
      at += count
      this.#written += count
      if (this.#written - this.#announced >= stepBytes) this.#announce()
    }
    return at
  }

  /**
   * Waits until the ring has room, and writes bytes that fit into it. If the system does not take all of them, the successor can read
   * those that it took.
   *
   * @returns as {@link OutgoingFile.write}, or undefined if the successor no longer receives
   * @throws {HandoverError} ERR_CHANNEL_CLOSED
   */
  async append(bytes: Uint8Array): Promise<number | undefined> {
    for (;;) {
      if (this.#closed) throw closedError()
      if (this.#isFull || this.#written + bytes.length - this.#read <= this.#ringBytes) break
      this.#announce()
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const count = this.write(bytes)
    if (this.#isFull) this.#announce()
    // Later chunks of this turn are announced together. A stream that waits for its source keeps nothing back.
    else this.#announcing ??= setImmediate(() => this.#announce())
    return (await this.#sent) ? count : undefined
  }

  /** @returns false if the successor no longer receives */
  async end(): Promise<boolean> {
    this.#announce()
    return await this.#sent
  }

  /** Takes what the successor reports: how much it has read. @throws {HandoverError} ERR_PROTOCOL */
  acknowledge(payload: Buffer): void {
    this.#read = decodeTotal(payload, this.#read, this.#announced)
    this.#wake?.()
  }

  /** Closes the file. The successor has its own descriptor. */
  [Symbol.dispose](): void {
    this.#closed = true
    clearImmediate(this.#announcing)
    this.#wake?.()
    this.#fd.close()
  }

  #writeStep(bytes: Uint8Array): number {
    const place = this.#ringBytes === 0 ? this.#written : this.#written % this.#ringBytes
    const room = this.#ringBytes === 0 ? stepBytes : Math.min(stepBytes, this.#ringBytes - place)
    try {
      return writeSync(this.#fd.fd, bytes, 0, Math.min(bytes.length, room), place)
    } catch {
      // The limit of the size of a file, or no memory. The channel itself carries the rest.
      this.#isFull = true
      return 0
    }
  }

  #announce(): void {
    clearImmediate(this.#announcing)
    this.#announcing = undefined
    if (this.#announced === this.#written) return
    this.#announced = this.#written
    const [before, next] = [this.#sent, this.#channel.send('stateWritten', encodeTotal(this.#written))]
    this.#sent = Promise.all([before, next]).then(([first, second]) => first && second)
    this.#sent.catch(() => {})
  }
}
