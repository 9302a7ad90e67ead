import { Latencies } from './latencies.mjs'

/** The counts of a part of the load: of its base phase, or from one reload to the next. */
export class Segment {
  /** Answered as expected. */
  ok = 0
  /** Failed requests by kind. Each request ends in one of these, or in `ok`. */
  failures = {}
  /** Connections opened in place of one that has ended. */
  reconnects = 0
  /** Connections that the server closed without an announcement, with no request in flight. */
  closedIdle = 0
  /** Long-lived connections that the server ended. */
  cut = 0
  #latencies = new Latencies()
  #longestGapMs = 0
  #startedAt = performance.now()
  #lastAnswerAt

  constructor(lastAnswerAt = performance.now()) {
    this.#lastAnswerAt = lastAnswerAt
  }

  answered(latencyMs) {
    this.ok += 1
    this.#latencies.record(latencyMs)
    this.alive()
  }

  failed(kind, count = 1) {
    if (count > 0) this.failures[kind] = (this.failures[kind] ?? 0) + count
  }

  /** Notes that the service has answered something: the gap without an answer ends. */
  alive(now = performance.now()) {
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastAnswerAt)
    this.#lastAnswerAt = now
  }

  /** Ends this segment, in the form that crosses to another process, and begins the next one. */
  cutHere() {
    const now = performance.now()
    const { ok, failures, reconnects, closedIdle, cut } = this
    const counts = {
      ok,
      failures,
      reconnects,
      closedIdle,
      cut,
      elapsedMs: now - this.#startedAt,
      longestGapMs: Math.max(this.#longestGapMs, now - this.#lastAnswerAt),
      latencies: this.#latencies.sparse,
    }
    return { counts, next: new Segment(this.#lastAnswerAt) }
  }
}
