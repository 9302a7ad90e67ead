import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { ConnectionTracker, TrackedConnection } from './connection-tracker.ts'
import type { CutWork } from './shutdown-report.ts'

const noError = 0
const highestStreamId = 2 ** 31 - 1

/**
 * The longest round trip to wait for, in milliseconds. An idle Node client answers the first GOAWAY by ending its session, and answers no
 * ping after that.
 */
const longestRoundTripMs = 1_000

/**
 * One HTTP/2 connection. It drains as RFC 9113, 6.8 advises. A first GOAWAY announces the end and refuses nothing. After a round trip the
 * client must have seen it. Then the second GOAWAY names the last stream that is answered. A single GOAWAY would refuse requests that are
 * in flight to us.
 */
export class Http2Session implements TrackedConnection {
  readonly #session: ServerHttp2Session
  readonly #tracker: ConnectionTracker
  readonly #lingerMs: number
  readonly #streams = new Map<ServerHttp2Stream, IncomingHttpHeaders>()
  #timer: NodeJS.Timeout | undefined

  constructor(session: ServerHttp2Session, tracker: ConnectionTracker, lingerMs: number) {
    this.#session = session
    this.#tracker = tracker
    this.#lingerMs = lingerMs
    const answered = (stream: ServerHttp2Stream) => this.#answered(stream)
    // One listener for all streams of the session.
    const onClose = function (this: ServerHttp2Stream) {
      answered(this)
    }
    session.on('stream', (stream, headers) => {
      this.#streams.set(stream, headers)
      stream.on('close', onClose)
    })
  }

  drain(): void {
    if (this.#session.closed || this.#session.destroyed) return
    this.#session.goaway(noError, highestStreamId)
    const close = () => this.#session.close()
    this.#timer = setTimeout(close, Math.min(longestRoundTripMs, this.#lingerMs))
    this.#session.ping(close)
  }

  cut(): CutWork[] {
    // A stream stays open while the client still sends a body that nothing reads.
    const unanswered = [...this.#streams].filter(([stream]) => !stream.writableFinished)
    if (unanswered.length === 0) this.#tracker.closedIdle += 1
    this.#session.destroy()
    return unanswered.map(([, { ':method': method = '', ':path': url = '' }]) => ({
      type: 'request',
      method,
      url,
    }))
  }

  closed(): void {
    clearTimeout(this.#timer)
  }

  #answered(stream: ServerHttp2Stream): void {
    this.#streams.delete(stream)
    if (this.#tracker.draining && stream.rstCode === noError) this.#tracker.answered += 1
  }
}
