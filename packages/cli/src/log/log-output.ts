/** Writes as much as fits now and returns how much that was. Throws if nobody reads. */
export type WriteNow = (data: Uint8Array) => number

/** Composes the line that reports dropped lines. */
export type DescribeDropped = (count: number, reason: string) => string

type Queued = {
  data: Uint8Array
  /** The number of lines that are lost with it. */
  lines: number
}

const QUEUE_BYTES = 64 * 1024
const RETRY_MS = 200
const FLUSH_MS = 1_000
const FLUSH_STEP_MS = 10

/**
 * Prints lines, and never waits for a reader. Lines that do not fit wait in a bounded queue. Beyond it they are
 * dropped, and the first line that fits again is the number of dropped ones.
 */
export class LogOutput {
  readonly #writeNow: WriteNow
  readonly #describeDropped: DescribeDropped
  #queue: Queued[] = []
  #queuedBytes = 0
  #dropped = 0
  #dropReason = ''
  #retry: NodeJS.Timeout | undefined

  constructor(writeNow: WriteNow, describeDropped: DescribeDropped) {
    this.#writeNow = writeNow
    this.#describeDropped = describeDropped
  }

  print(line: string): void {
    this.#writeQueued()
    const data = Buffer.from(`${line}\n`)
    const fits = this.#queue.length === 0 || this.#queuedBytes + data.length <= QUEUE_BYTES
    if (this.#dropped > 0 || !fits) {
      this.#drop(1, 'the log was not read')
    } else {
      this.#enqueue({ data, lines: 1 })
      this.#writeQueued()
    }
    this.#retryLater()
  }

  /** Waits for a slow reader at the exit of the process, for a second at most. */
  flush(): void {
    const neverNotified = new Int32Array(new SharedArrayBuffer(4))
    const deadline = performance.now() + FLUSH_MS
    while (!this.#writeQueued() && performance.now() < deadline) {
      Atomics.wait(neverNotified, 0, 0, FLUSH_STEP_MS)
    }
  }

  /** Returns whether nothing is left that a reader could make room for. */
  #writeQueued(): boolean {
    for (;;) {
      const head = this.#queue[0] ?? this.#enqueueDropped()
      if (head === undefined) return true
      let written: number
      try {
        written = this.#writeNow(head.data)
      } catch (error) {
        this.#dropQueue((error as NodeJS.ErrnoException).message)
        return true
      }
      if (written === 0) return false
      this.#queuedBytes -= written
      if (written === head.data.length) this.#queue.shift()
      else head.data = head.data.subarray(written)
    }
  }

  #enqueue(queued: Queued): Queued {
    this.#queue.push(queued)
    this.#queuedBytes += queued.data.length
    return queued
  }

  #enqueueDropped(): Queued | undefined {
    const lines = this.#dropped
    if (lines === 0) return undefined
    this.#dropped = 0
    return this.#enqueue({ data: Buffer.from(`${this.#describeDropped(lines, this.#dropReason)}\n`), lines })
  }

  #drop(lines: number, reason: string): void {
    if (this.#dropped === 0) this.#dropReason = reason
    this.#dropped += lines
  }

  #dropQueue(reason: string): void {
    for (const { lines } of this.#queue.splice(0)) this.#drop(lines, reason)
    this.#queuedBytes = 0
  }

  /** A reader that stalls does not cause an event. A reader that is gone is retried with the next line. */
  #retryLater(): void {
    if (this.#queue.length === 0 || this.#retry !== undefined) return
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#writeQueued()
      this.#retryLater()
    }, RETRY_MS).unref()
  }
}
