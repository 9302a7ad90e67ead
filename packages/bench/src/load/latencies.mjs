const perDoubling = 64
const doublings = 26

/**
 * Counts latencies in buckets that are at most 1.6% wide, from 64 µs to over a minute. `sparse` crosses to another process, where
 * `merge` adds it to others.
 */
export class Latencies {
  #buckets = new Uint32Array(perDoubling * (doublings + 1))
  #maxMs = 0

  record(ms) {
    if (ms > this.#maxMs) this.#maxMs = ms
    this.#buckets[bucketOf(ms * 1_000)] += 1
  }

  merge({ maxMs, buckets }) {
    this.#maxMs = Math.max(this.#maxMs, maxMs)
    for (const [index, count] of buckets) this.#buckets[index] += count
    return this
  }

  get sparse() {
    return { maxMs: this.#maxMs, buckets: [...this.#buckets.entries()].filter(([, count]) => count > 0) }
  }

  /** The quantiles that the tables show. Null where nothing was recorded. */
  get summary() {
    const quantile = (share) => this.#quantileMs(share)
    return {
      p50: quantile(0.5),
      p99: quantile(0.99),
      p999: quantile(0.999),
      max: this.#maxMs > 0 ? this.#maxMs : null,
    }
  }

  #quantileMs(share) {
    const wanted = Math.ceil(this.#buckets.reduce((sum, count) => sum + count, 0) * share)
    if (wanted === 0) return null
    let seen = 0
    const index = this.#buckets.findIndex((count) => {
      seen += count
      return seen >= wanted
    })
    return Math.min(endOf(index) / 1_000, this.#maxMs)
  }
}

/** One bucket a microsecond at first, then `perDoubling` for each doubling. */
function bucketOf(micros) {
  const doubling = Math.min(Math.max(0, Math.floor(Math.log2(micros / perDoubling))), doublings - 1)
  const within = Math.floor(micros / 2 ** doubling)
  return Math.min(perDoubling * doubling + within, perDoubling * (doublings + 1) - 1)
}

function endOf(index) {
  const doubling = Math.max(0, Math.floor(index / perDoubling) - 1)
  return (index - perDoubling * doubling + 1) * 2 ** doubling
}
